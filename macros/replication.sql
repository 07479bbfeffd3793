{#- In a database with a publication of all tables, PostgreSQL refuses UPDATE and DELETE on a table without a replica
    identity: a build could not take back what a killed one left, nor fill a seed anew. -#}

{% macro give_replica_identity(relation) -%}
    do $identity$
    begin
        if not exists (
            select from pg_catalog.pg_index
            where indrelid = '{{ relation.include(database=false) }}'::regclass and indisprimary
        ) then
            alter table {{ relation.include(database=false) }} replica identity full;
        end if;
    end
    $identity$
{%- endmacro %}


{#- For on-run-start: the tables that earlier builds made without one. -#}
{% macro give_replica_identities() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed') -%}
        {%- set tables = run_query("
            select pg_namespace.nspname as schema_name, pg_class.relname as table_name
            from pg_catalog.pg_class
            inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
            where
                pg_namespace.nspname in (
                    " ~ dbt.string_literal(var('audit_schema')) ~ ", " ~ dbt.string_literal(var('audit_schema') ~ '_work') ~ "
                )
                and pg_class.relkind = 'r'
                and pg_class.relreplident = 'd'
                and pg_has_role(pg_class.relowner, 'usage')
                and not exists (
                    select from pg_catalog.pg_index
                    where pg_index.indrelid = pg_class.oid and pg_index.indisprimary
                )
            order by 1, 2
        ").rows -%}
        {%- if tables and run_query("select count(*) > 0 as found from pg_catalog.pg_publication").rows[0]['found'] -%}
            {%- do own_ddl_begins() -%}
            {%- for found in tables -%}
                {%- set relation = api.Relation.create(schema=found['schema_name'], identifier=found['table_name']) -%}
                {%- call statement('identity') -%}{{ give_replica_identity(relation) }}{%- endcall -%}
            {%- endfor -%}
            {%- do own_ddl_ends() -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
