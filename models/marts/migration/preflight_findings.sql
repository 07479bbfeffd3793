{%- set not_the_teams = [
    'information_schema', var('pggit_schema'), var('pggit_v0_schema'), var('audit_schema'), var('audit_schema') ~ '_work'
] -%}

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
        count(*) filter (where coalesce(btrim(change_sql), '') = '') as without_sql,
        coalesce(max(version_id) - min(version_id) + 1 - count(*), 0) as missing_ids
    from history

),

about_history as (

    select 'warning' as severity, 'no_author' as code, without_author as rows,
        'rows of the history have no author.' as message,
        'Nothing: changes keep the NULL, commits say unknown.' as what_to_do
    from history_facts

    union all

    select 'warning', 'no_time', without_time,
        'rows of the history have no time.',
        'Nothing: changes keep the NULL, commits take the time of the row before.'
    from history_facts

    union all

    select 'warning', 'no_statement', without_sql,
        'rows of the history have no statement, so what they did is inferred.',
        'Look at them in least_certain_changes.'
    from history_facts

    union all

    select 'info', 'missing_ids', missing_ids,
        'ids are missing from the history: rows that were erased with their object, or never committed.',
        'Nothing: what the missing rows did is inferred where something else tells of it.'
    from history_facts

),

about_changes as (

    select
        case when fidelity = 'repaired' then 'warning' else 'blocker' end as severity,
        fidelity as code,
        object_type,
        count(*) as rows
    from changes
    where fidelity <> 'exact' and not verified
    group by fidelity, object_type

),

live_catalog as (

    select 'FOREIGN TABLE' as object_kind, 'pg_class'::regclass as catalog, oid, relnamespace as schema_oid
    from pg_class where relkind = 'f'
    union all
    select 'TYPED TABLE', 'pg_class'::regclass, oid, relnamespace from pg_class where reloftype <> 0
    union all
    select 'RULE', 'pg_class'::regclass, pg_class.oid, pg_class.relnamespace
    from pg_rewrite
    inner join pg_class on pg_rewrite.ev_class = pg_class.oid
    where pg_rewrite.rulename <> '_RETURN'
    union all
    select 'STATISTICS', 'pg_statistic_ext'::regclass, oid, stxnamespace from pg_statistic_ext
    union all
    select 'COLLATION', 'pg_collation'::regclass, oid, collnamespace from pg_collation
    union all
    select 'OPERATOR', 'pg_operator'::regclass, oid, oprnamespace from pg_operator
    union all
    select 'OPERATOR CLASS', 'pg_opclass'::regclass, oid, opcnamespace from pg_opclass
    union all
    select 'BASE TYPE', 'pg_type'::regclass, oid, typnamespace from pg_type where typtype = 'b' and typcategory <> 'A'
    union all
    select 'TEXT SEARCH CONFIGURATION', 'pg_ts_config'::regclass, oid, cfgnamespace from pg_ts_config
    union all
    select 'CAST', 'pg_cast'::regclass, oid, null from pg_cast where oid >= 16384
    union all
    select 'FOREIGN SERVER', 'pg_foreign_server'::regclass, oid, null from pg_foreign_server
    union all
    select 'PUBLICATION', 'pg_publication'::regclass, oid, null from pg_publication
    union all
    select 'EVENT TRIGGER', 'pg_event_trigger'::regclass, pg_event_trigger.oid, pg_proc.pronamespace
    from pg_event_trigger
    inner join pg_proc on pg_event_trigger.evtfoid = pg_proc.oid

),

not_versioned as (

    select
        live_catalog.object_kind,
        count(*) as objects
    from live_catalog
    left join pg_namespace on live_catalog.schema_oid = pg_namespace.oid
    where
        coalesce(
            pg_namespace.nspname !~ '^pg_' and pg_namespace.nspname not in ('{{ not_the_teams | join("', '") }}'),
            true
        )
        and not exists (
            select from pg_depend
            where
                pg_depend.classid = live_catalog.catalog
                and pg_depend.objid = live_catalog.oid
                and pg_depend.deptype = 'e'
        )
    group by live_catalog.object_kind

),

calls as (

    select
        live_objects.object_identity,
        v1_calls.v1_call,
        v1_calls.replacement
    from live_objects
    inner join v1_calls
        on position(v1_calls.v1_call in live_objects.definition) > 0
        and live_objects.definition ~ (replace(v1_calls.v1_call, '.', '[.]') || '\M')

),

final as (

    select
        severity as severity,
        code as code,
        'pggit.history' as object,
        rows || ' ' || message as message,
        what_to_do as what_to_do
    from about_history
    where rows > 0

    union all

    select
        severity,
        code,
        object_type,
        case code
            when 'repaired' then rows || ' changes were rebuilt with inferred steps, and nobody has judged them.'
            when 'static' then rows || ' changes could not be replayed: their definition is the statement''s own text.'
            else rows || ' changes could not be told.'
        end,
        'Look at them in unverified_changes and least_certain_changes, then: select verify_change(change_id, ''your name'', ''grounds'');'
    from about_changes

    union all

    select
        'warning',
        findings.code,
        changes.object_identity,
        findings.message,
        'Look at the change in object_history.'
    from findings
    inner join changes on findings.change_id = changes.change_id

    union all

    select
        'warning',
        'not_versioned',
        object_kinds.object_kind,
        not_versioned.objects || ' in this database, and no definition holds them.',
        object_kinds.advice
    from object_kinds
    inner join not_versioned on object_kinds.object_kind = not_versioned.object_kind
    where not object_kinds.is_versioned

    union all

    select
        'warning',
        'uses_v1',
        object_identity,
        'It uses ' || v1_call || ', which goes away with v1.',
        'Before v1 is removed, have it read ' || replacement || '.'
    from calls

)

select * from final
