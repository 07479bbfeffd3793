{%- set not_the_teams = ['information_schema'] + hidden_schemas().keys() | list -%}

with

history as (

    select * from {{ ref('stg_pggit__history') }}

),

changes as (

    select * from {{ ref('changes') }}

),

findings as (

    select * from {{ ref('findings') }}

),

live_objects as (

    select * from {{ ref('int_replay__live_objects') }}

),

object_kinds as (

    select * from {{ ref('object_kinds') }}

),

v1_calls as (

    select * from {{ ref('v1_calls') }}

),

history_facts as (

    select
        count(*) filter (where author is null) as without_author,
        count(*) filter (where created_at is null) as without_time,
        count(*) filter (where coalesce(btrim(change_sql), '') = '') as without_statement,
        coalesce(max(version_id) - min(version_id) + 1 - count(*), 0) as missing_ids
    from history

),

about_history as (

    select
        facts.severity,
        facts.code,
        'pggit.history' as object,
        facts.rows || facts.message as message,
        facts.what_to_do
    from history_facts
    cross join lateral (
        values
        (
            'warning', 'no_author', history_facts.without_author, ' row(s) of the history have no author.',
            'Nothing: changes keep the NULL, commits say unknown.'
        ),
        (
            'warning', 'no_time', history_facts.without_time, ' row(s) of the history have no time.',
            'Nothing: changes keep the NULL, commits take the time of the row before.'
        ),
        (
            'warning', 'no_statement', history_facts.without_statement,
            ' row(s) of the history have no statement, so what they did is inferred.',
            'Look at them in least_certain_changes.'
        ),
        (
            'info', 'missing_ids', history_facts.missing_ids,
            ' id(s) are missing from the history: rows that were erased with their object, or never committed.',
            'Nothing: what the missing rows did is inferred where something else tells of it.'
        )
    ) as facts (severity, code, rows, message, what_to_do)
    where facts.rows > 0

),

about_fidelity as (

    select
        case when fidelity = 'repaired' then 'warning' else 'blocker' end as severity,
        fidelity as code,
        object_type as object,
        count(*) || case fidelity
            when 'repaired' then ' change(s) were rebuilt with inferred steps, and nobody has judged them.'
            when 'static' then ' change(s) could not be replayed: the definition is the statement''s own text.'
            else ' change(s): what they did could not be told.'
        end as message,
        'Look at them in unverified_changes and least_certain_changes, then: '
        || 'select verify_change(change_id, ''your name'', ''grounds'');' as what_to_do
    from changes
    where fidelity <> 'exact' and not verified
    group by fidelity, object_type

),

about_changes as (

    select
        'warning' as severity,
        findings.code,
        changes.object_identity as object,
        findings.message,
        'Look at the change in object_history.' as what_to_do
    from findings
    inner join changes on findings.change_id = changes.change_id

),

blind_spots as (

    {{ audit_blind_spots() }}

),

about_kinds as (

    select
        'warning' as severity,
        'not_versioned' as code,
        object_kinds.object_kind as object,
        count(*) || ' in this database, and no definition holds them.' as message,
        object_kinds.advice as what_to_do
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
        'info' as severity,
        'not_rebuilt_here' as code,
        coalesce(object_identity, failed_statement) as object,
        'The script of commit ' || commit_sha || ' was run before it was published, and this of it could not be made there: '
        || failure as message,
        'Run the script where the role, the extension or the right is that it needs, and compare with pg_dump.' as what_to_do
    from rebuilt_objects
    where is_excused

),

about_code as (

    select
        'warning' as severity,
        'uses_v1' as code,
        live_objects.object_identity as object,
        'It uses ' || v1_calls.v1_call || ', which goes away with v1.' as message,
        'Before v1 is removed, have it read ' || v1_calls.replacement || '.' as what_to_do
    from live_objects
    inner join v1_calls
        on position(v1_calls.v1_call in live_objects.definition) > 0
        and live_objects.definition ~ (replace(v1_calls.v1_call, '.', '[.]') || '\M')

),

hidden_schemas as (

    select * from {{ ref('int_replay__hidden_schemas') }}

),

about_hidden_schemas as (

    select
        'info' as severity,
        'hidden_schema' as code,
        hidden_schemas.schema_name as object,
        count(*) || ' table(s) and view(s) in it are no part of the team''s schema (' || hidden_schemas.reason || ').' as message,
        'If they are, build this project without what uses that schema, and take it out of the variable hidden_schemas.'
            as what_to_do
    from hidden_schemas
    inner join pg_namespace on hidden_schemas.schema_name = pg_namespace.nspname
    inner join pg_class on pg_namespace.oid = pg_class.relnamespace
    where
        hidden_schemas.reason not in ('the tracker', 'this project')
        and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
    group by hidden_schemas.schema_name, hidden_schemas.reason

),

final as (

    select * from about_history
    union all
    select * from about_fidelity
    union all
    select * from about_changes
    union all
    select * from about_kinds
    union all
    select * from about_scripts
    union all
    select * from about_code
    union all
    select * from about_hidden_schemas

)

select * from final
