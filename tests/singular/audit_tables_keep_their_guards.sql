-- depends_on: {{ ref('changes') }}
-- depends_on: {{ ref('object_versions') }}
-- depends_on: {{ ref('compliance_log') }}

with

expected as (

    select
        tables.schema_name,
        tables.table_name,
        jsonb_array_elements_text(tables.guards) as guard
    from jsonb_to_recordset({{ dbt.string_literal(tojson(audit_expected_guards())) }}::jsonb)
        as tables (schema_name text, table_name text, guards jsonb)

),

-- what PostgreSQL prints of a trigger and of its function is what made them, but for quotes, parentheses, white space
-- and case; the body of the function is kept to the letter
given as (

    select
        statements,
        regexp_replace(replace(lower(statements), 'or replace', ''), '["()\s]', '', 'g') as bare_statements
    from (select $guards${{ audit_expected_triggers() }}$guards$ as statements) as given

),

relations as (

    select
        pg_class.oid,
        pg_namespace.nspname as schema_name,
        pg_class.relname as table_name
    from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid

),

found as (

    select
        pg_trigger.tgrelid as oid,
        'trigger ' || pg_trigger.tgname as guard
    from pg_trigger
    inner join pg_proc on pg_trigger.tgfoid = pg_proc.oid
    inner join given
        on position(pg_proc.prosrc in given.statements) > 0
        and position(
            regexp_replace(lower(pg_get_triggerdef(pg_trigger.oid)), '["()\s]', '', 'g') in given.bare_statements
        ) > 0
        and position(
            regexp_replace(
                replace(lower(pg_get_functiondef(pg_trigger.tgfoid)), 'or replace', ''), '["()\s]', '', 'g'
            ) in given.bare_statements
        ) > 0
    where pg_trigger.tgenabled in ('O', 'A')

    union all

    select
        attrelid,
        'not null ' || attname
    from pg_attribute
    where attnotnull

    union all

    select
        conrelid,
        case contype when 'p' then 'primary key ' when 'u' then 'unique ' else 'foreign key ' end || (
            select string_agg(pg_attribute.attname, ', ' order by place)
            from unnest(conkey) with ordinality as keys (attnum, place)
            inner join pg_attribute on keys.attnum = pg_attribute.attnum
            where pg_attribute.attrelid = pg_constraint.conrelid
        )
    from pg_constraint
    where contype in ('p', 'u', 'f') and convalidated

    union all

    select
        conrelid,
        'check ' || row_number() over (partition by conrelid)
    from pg_constraint
    where contype = 'c' and convalidated

    union all

    select
        indrelid,
        case when indisunique then 'unique ' else '' end || 'index ' || (
            select string_agg(pg_attribute.attname, ', ' order by place)
            from unnest(indkey::smallint[]) with ordinality as keys (attnum, place)
            inner join pg_attribute on keys.attnum = pg_attribute.attnum
            where pg_attribute.attrelid = pg_index.indrelid
        )
    from pg_index
    where indisvalid

)

select expected.*
from expected
left join relations
    on expected.schema_name = relations.schema_name
    and expected.table_name = relations.table_name
left join found
    on relations.oid = found.oid
    and expected.guard = found.guard
where found.guard is null
