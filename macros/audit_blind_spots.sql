{#- Everything in this database that definitions do not hold, as kind, catalog, oid and schema. -#}
{% macro audit_blind_spots() -%}
    select 'DEFAULT ACL' as object_kind, 'pg_default_acl'::regclass as catalog, oid, nullif(defaclnamespace, 0) as schema_oid
    from pg_default_acl
    union all
    select 'SECURITY LABEL', classoid::regclass, objoid, null from pg_seclabel
    union all
    select 'SERVER OPTIONS', 'pg_foreign_server'::regclass, oid, null
    from pg_foreign_server where srvoptions is not null
    union all
    -- only who may use a mapping sees whether it has options
    select 'SERVER OPTIONS', 'pg_user_mapping'::regclass, umid, null from pg_user_mappings
    union all
    select 'SUBSCRIPTION CONNECTION', 'pg_subscription'::regclass, oid, null
    from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())
{%- endmacro %}
