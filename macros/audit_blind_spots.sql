{#- Every object of this database of a kind that definitions do not hold, as kind, catalog, oid and schema. -#}
{% macro audit_blind_spots() -%}
    select 'FOREIGN TABLE' as object_kind, 'pg_class'::regclass as catalog, oid, relnamespace as schema_oid
    from pg_class where relkind = 'f'
    union all
    select 'TYPED TABLE', 'pg_class'::regclass, oid, relnamespace
    from pg_class where reloftype <> 0
    union all
    select 'RULE', 'pg_class'::regclass, pg_class.oid, pg_class.relnamespace
    from pg_rewrite inner join pg_class on pg_rewrite.ev_class = pg_class.oid where pg_rewrite.rulename <> '_RETURN'
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
    from pg_event_trigger inner join pg_proc on pg_event_trigger.evtfoid = pg_proc.oid
{%- endmacro %}
