{#- How a relation becomes what its model says without anything that reads it being dropped on the way. -#}

{#- Whether a relation can stay: 'as it is', 'replaced' (a view that gets another text or more columns), or 'not'.
    PostgreSQL itself prints both texts, the other one from a temporary view, which no tracker records. -#}
{% macro relation_fits(existing, sql) %}
    {%- if existing is none or existing.type not in ('table', 'view') -%}{{ return('not') }}{%- endif -%}
    {%- set indexes = config.get('indexes', []) | map(attribute='columns') | list -%}
    {%- set probe -%}
        create temporary view pggit_audit_probe as (
            {{ sql }}
        );
    {%- endset -%}
    {%- call statement('probe') -%}{{ unheard(probe) }}{%- endcall -%}
    {%- set found = run_query("
        with
        relations as (
            select
                pg_class.*,
                array(
                    select attname::text || ' ' || format_type(atttypid, atttypmod)
                    from pg_attribute
                    where attrelid = pg_class.oid and attnum > 0 and not attisdropped
                    order by attnum
                ) as columns
            from pg_class
        ),
        sides as (
            select
                present.*,
                probe.oid as probe,
                probe.columns as probed_columns
            from relations as present, relations as probe
            where
                present.oid = " ~ dbt.string_literal(existing.include(database=false)) ~ "::regclass
                and probe.oid = 'pg_temp.pggit_audit_probe'::regclass
        )
        select
            case
                when not pg_has_role(relowner, 'usage') or relpersistence <> 'p'
                    or relrowsecurity or relispartition or relhastriggers or relhassubclass
                    or exists (select from pg_inherits where inhrelid = oid)
                    or exists (select from pg_rewrite where ev_class = oid and rulename <> '_RETURN')
                    then 'not'
                when relkind = 'v' and columns = probed_columns
                    and reloptions is null and pg_get_viewdef(oid) = pg_get_viewdef(probe)
                    then 'as it is'
                when relkind = 'v' and columns = probed_columns[:cardinality(columns)]
                    then 'replaced'
                when relkind = 'r' and columns = probed_columns
                    and not exists (select from pg_attrdef where adrelid = oid)
                    and not exists (select from pg_constraint where conrelid = oid)
                    and not exists (
                        select from jsonb_array_elements(" ~ dbt.string_literal(tojson(indexes)) ~ "::jsonb) as wanted (names)
                        where not exists (
                            select from pg_index
                            where indrelid = oid and indisvalid and wanted.names = (
                                select jsonb_agg(attname order by place)
                                from unnest(indkey::smallint[]) with ordinality as keys (attnum, place)
                                inner join pg_attribute on attrelid = indrelid and pg_attribute.attnum = keys.attnum
                            )
                        )
                    )
                    then 'as it is'
                else 'not'
            end as fits
        from sides
    ").rows[0]['fits'] -%}
    {%- call statement('probed') -%}{{ unheard('drop view pg_temp.pggit_audit_probe;') }}{%- endcall -%}
    {%- if found == 'replaced' and model.config.materialized != 'view' -%}{%- set found = 'not' -%}{%- endif -%}
    {%- if existing.type != model.config.materialized -%}{%- set found = 'not' -%}{%- endif -%}
    {{ return(found) }}
{% endmacro %}


{#- What was tampered with is not healed in silence; nor is what another version of the project made. -#}
{% macro say_made_anew(existing) %}
    {%- do log(
        'The ' ~ existing.type ~ ' ' ~ adapter.shown(existing.schema ~ '.' ~ existing.identifier)
        ~ ' was not as this version of the project makes it, and is made anew. If it was its last build that made it, somebody changed it.',
        info=true
    ) -%}
{% endmacro %}


{#- The columns that the YAML of a Python model gives its table, as a query without rows. -#}
{% macro typed_columns_query(node) -%}
    select
    {%- for column in node.columns.values() %}
        null::{{ column.data_type }} as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
    {%- endfor %}
    where false
{%- endmacro %}


{#- Emptied at once where nobody reads it; else row by row, so that no reader holds up the build. -#}
{% macro emptied(relation) -%}
    do $emptied$
    begin
        lock table {{ relation.include(database=false) }} in access exclusive mode nowait;
        truncate {{ relation.include(database=false) }};
    exception when lock_not_available then
        delete from {{ relation.include(database=false) }};
    end
    $emptied$
{%- endmacro %}


{#- What a build cannot rebuild in place goes on under another name, and with it all that reads it, until that is
    built anew. -#}
{% macro set_aside(relation) %}
    {%- do adapter.rename_relation(
        relation, make_backup_relation(relation, relation.type, '__dbt_backup_' ~ invocation_id[:8])
    ) -%}
{% endmacro %}


{#- dbt's own seeds, in a table that stays as long as its columns do. -#}
{% macro pggit__create_csv_table(model, agate_table) %}
    {%- do own_ddl_begins() -%}
    {%- set made = default__create_csv_table(model, agate_table) -%}
    {%- do own_ddl_ends() -%}
    {{ return(made) }}
{% endmacro %}


{% macro pggit__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {%- set present = adapter.get_columns_in_relation(old_relation) | map(attribute='name') | list -%}
    {%- if full_refresh or present != agate_table.column_names | list -%}
        {%- do own_ddl_begins() -%}
        {%- do set_aside(old_relation) -%}
        {%- set made = default__create_csv_table(model, agate_table) -%}
        {%- do own_ddl_ends() -%}
        {{ return(made) }}
    {%- endif -%}
    {%- if run_query(seed_faults([model])).rows -%}
        {%- do log(
            'The rows of seed ' ~ adapter.shown(old_relation.schema ~ '.' ~ old_relation.identifier) ~ ' were not those of its file in '
            ~ 'this version of the project, and are filled in anew. If it was its last build that filled it, somebody changed them.',
            info=true
        ) -%}
    {%- endif -%}
    {%- call statement('emptied') -%}{{ emptied(old_relation) }}{%- endcall -%}
    {{ return('delete from ' ~ old_relation.render()) }}
{% endmacro %}


{#- For on-run-end: what was set aside goes as soon as nothing reads it any more. -#}
{% macro drop_what_was_set_aside() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed') -%}
        {%- set leftovers = run_query("
            select 1
            from pg_class
            inner join pg_namespace on relnamespace = pg_namespace.oid
            where " ~ _set_aside_here() ~ "
        ").rows -%}
        {%- if leftovers -%}
            {%- do own_ddl_begins() -%}
            {%- call statement('drop_what_was_set_aside') -%}
            do $sweep$
            declare
                leftover record;
            begin
                set local lock_timeout = '2s';
                for leftover in
                    select pg_class.oid::regclass::text as name, case relkind when 'v' then 'view' else 'table' end as kind
                    from pg_class
                    inner join pg_namespace on relnamespace = pg_namespace.oid
                    where {{ _set_aside_here() }}
                    order by pg_class.oid desc
                loop
                    begin
                        execute format('drop %s %s', leftover.kind, leftover.name);
                    exception when dependent_objects_still_exist or lock_not_available or undefined_table then
                        null;
                    end;
                end loop;
            end
            $sweep$
            {%- endcall -%}
            {%- do own_ddl_ends() -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro _set_aside_here() -%}
    nspname in ({{ dbt.string_literal(var('audit_schema')) }}, {{ dbt.string_literal(var('audit_schema') ~ '_work') }})
    and relkind in ('r', 'v')
    and relname ~ '__dbt_backup(_[0-9a-f]{8})?$'
    and pg_has_role(relowner, 'usage')
{%- endmacro %}
