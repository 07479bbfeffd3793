{%- set not_the_teams = ['information_schema'] + hidden_schemas().keys() | list -%}

with

checks as (

    select * from {{ ref('int_preflight__checks') }}

),

changes as (

    select * from {{ ref('changes') }}

),

findings as (

    select * from {{ ref('findings') }}

),

object_kinds as (

    select * from {{ ref('object_kinds') }}

),

causes as (

    select * from {{ ref('causes') }}

),

about_causes as (

    select
        'repaired' as code,
        'warning' as severity,
        object_type as object,
        count(*) || ' inferred step(s), on which ' || sum(changes_waiting)
        || ' change(s) rest, wait for a person to judge them.' as message,
        'Look at them in causes, which says what to look at, then: '
        || 'select verify_cause(cause_id, ''your name'', ''grounds'');' as what_to_do,
        'FIDELITY.md' as docs
    from causes
    where changes_waiting > 0
    group by object_type

),

about_fidelity as (

    select
        fidelity as code,
        'blocker' as severity,
        object_type as object,
        count(*) || case fidelity
            when 'static' then ' change(s) could not be replayed: the definition is the statement''s own text.'
            else ' change(s): what they did could not be told.'
        end as message,
        'Look at them in unverified_changes and least_certain_changes, then: '
        || 'select {{ var("audit_schema") }}.verify_change(change_id, ''your name'', ''grounds'');' as what_to_do,
        'FIDELITY.md' as docs
    from changes
    where fidelity not in ('exact', 'repaired') and not verified
    group by fidelity, object_type

),

about_changes as (

    select
        findings.code,
        'warning' as severity,
        changes.object_identity as object,
        findings.message,
        'Look at the change in object_history.' as what_to_do,
        'FIDELITY.md' as docs
    from findings
    inner join changes on findings.change_id = changes.change_id

),

blind_spots as (

    {{ audit_blind_spots() }}

),

about_kinds as (

    select
        'not_versioned' as code,
        'warning' as severity,
        object_kinds.object_kind as object,
        count(*) || ' in this database, and no definition holds them.' as message,
        object_kinds.advice as what_to_do,
        'ARCHITECTURE.md' as docs
    from object_kinds
    inner join blind_spots on object_kinds.object_kind = blind_spots.object_kind
    left join pg_namespace on blind_spots.schema_oid = pg_namespace.oid
    where
        not object_kinds.is_versioned
        and (
            blind_spots.schema_oid is null
            or (
                pg_namespace.nspname !~ '^pg_'
                and pg_namespace.nspname not in ('{{ not_the_teams | join("', '") }}')
            )
        )
        and not exists (
            select from pg_depend
            where
                pg_depend.classid = blind_spots.catalog
                and pg_depend.objid = blind_spots.oid
                and pg_depend.deptype = 'e'
        )
    group by object_kinds.object_kind, object_kinds.advice

),

rebuilt_objects as (

    select * from {{ ref('int_git__rebuilt_objects') }}

),

about_scripts as (

    select
        'not_rebuilt_here' as code,
        'info' as severity,
        coalesce(object_identity, failed_statement) as object,
        'The script of commit ' || commit_sha || ' was run before it was published, and this of it could not be made there: '
        || failure as message,
        'Run the script where the role, the extension, the right or the schema is that it needs, and compare with pg_dump.' as what_to_do,
        'ARCHITECTURE.md' as docs
    from rebuilt_objects
    where is_excused

),

about_readings as (

    select
        'printed_otherwise' as code,
        'info' as severity,
        object_identity as object,
        'The script of commit ' || commit_sha || ' was run before it was published, and PostgreSQL prints this otherwise than '
        || 'it did before, and means the same by it: a query that it words anew, or inherited columns that it puts first.'
            as message,
        'Nothing, unless you compare dumps as text: pg_dump and a restore show the same difference.' as what_to_do,
        'ARCHITECTURE.md' as docs
    from rebuilt_objects
    where reads_alike and not is_excused

),

compliance_log as (

    select * from {{ ref('compliance_log') }}
    where source_digest is not null

),

excluded_history as (

    select * from {{ ref('excluded_history') }}

),

published_rows as (

    select
        changes.v1_version_id,
        exists (
            select from compliance_log where compliance_log.change_id = changes.change_id
        ) as is_covered
    from changes
    where changes.v1_version_id is not null

    union all

    select
        excluded_history.v1_version_id,
        exists (
            select from compliance_log
            where compliance_log.v1_version_id = excluded_history.v1_version_id and compliance_log.change_id is null
        )
    from excluded_history

),

-- Entries of an earlier version are what they are: nothing may be added to them.
about_older_entries as (

    select
        'source_not_covered' as code,
        'warning' as severity,
        'rows ' || min(v1_version_id) || ' to ' || max(v1_version_id) || ' of the history' as object,
        count(*) || ' published row(s) have entries in the compliance log from an earlier version of this project, without a '
        || 'digest of the whole row: an edit of their text in v1 would not be found.' as message,
        'Compare these rows of v1 once with a backup from before that build; keep what you found with your evidence.'
            as what_to_do,
        'SECURITY.md#the-trail' as docs
    from published_rows
    where not is_covered
    having count(*) > 0

),

hidden_schemas as (

    select * from {{ ref('int_replay__hidden_schemas') }}

),

transactions as (

    select * from {{ ref('int_replay__transactions') }}

),

catalog_rows as (

    select * from {{ ref('int_replay__catalog_rows') }}

),

-- Without the ids, what left no row is placed by likelihood.
about_evidence as (

    select
        case when sources.is_file then 'evidence_not_used' else 'no_evidence' end as code,
        'warning' as severity,
        sources.source as object,
        'The ids of transactions do not tell when things happened: ' || sources.why_not || '.' as message,
        case
            when sources.is_file
                then 'Write it anew on the server that recorded this history: pggit-audit evidence collect --out FILE'
            else 'On the production server: pggit-audit evidence collect --out FILE; then build with --vars ''evidence: FILE''.'
        end as what_to_do,
        'FIDELITY.md#the-ids-of-transactions' as docs
    from (
        select
            min(source) as source,
            bool_and(is_file) as is_file,
            coalesce(
                (select min(catalog_rows.why_not) from catalog_rows), min(why_not), 'nothing of the catalog has one'
            ) as why_not
        from transactions
        having count(*) > 0 and not exists (select from catalog_rows as dated where dated.is_dated)
    ) as sources

    union all

    select
        'evidence_in_part' as code,
        'info' as severity,
        catalog_rows.source as object,
        count(*) || ' row(s) of the catalog do not tell when they were written: ' || catalog_rows.why_not || '.' as message,
        'Nothing, if that is known; what rests on them is placed by likelihood.' as what_to_do,
        'FIDELITY.md#the-ids-of-transactions' as docs
    from catalog_rows
    where
        catalog_rows.why_not is not null
        and exists (select from catalog_rows as dated where dated.is_dated)
    group by catalog_rows.source, catalog_rows.why_not

    union all

    select
        'evidence_in_part' as code,
        'info' as severity,
        transactions.source as object,
        count(*) || ' row(s) of the history do not tell their transactions, from row ' || min(transactions.version_id)
        || ' to ' || max(transactions.version_id) || ': ' || transactions.why_not || '.' as message,
        case
            when transactions.is_file
                then 'Nothing, if they were written behind the file; what lies between them is placed by likelihood. '
                    || 'Or write it anew: pggit-audit evidence collect --out FILE'
            else 'Nothing, if that is known; what lies between them is placed by likelihood.'
        end as what_to_do,
        'FIDELITY.md#the-ids-of-transactions' as docs
    from transactions
    where
        transactions.why_not is not null
        and exists (select from catalog_rows as dated where dated.is_dated)
    group by transactions.source, transactions.is_file, transactions.why_not

),

about_hidden_schemas as (

    select
        'hidden_schema' as code,
        'info' as severity,
        hidden_schemas.schema_name as object,
        count(*) || ' table(s) and view(s) in it are no part of the team''s schema (' || hidden_schemas.reason || ').' as message,
        'If they are, build this project without what uses that schema, and take it out of the variable hidden_schemas.'
            as what_to_do,
        'ARCHITECTURE.md' as docs
    from hidden_schemas
    inner join pg_namespace on hidden_schemas.schema_name = pg_namespace.nspname
    inner join pg_class on pg_namespace.oid = pg_class.relnamespace
    where
        hidden_schemas.reason not in ('the tracker', 'this project')
        and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
    group by hidden_schemas.schema_name, hidden_schemas.reason

),

final as (

    select
        code,
        severity,
        object,
        message,
        what_to_do,
        docs
    from checks
    union all
    select * from about_causes
    union all
    select * from about_fidelity
    union all
    select * from about_changes
    union all
    select * from about_kinds
    union all
    select * from about_scripts
    union all
    select * from about_evidence
    union all
    select * from about_readings
    union all
    select * from about_older_entries
    union all
    select * from about_hidden_schemas

)

select * from final
