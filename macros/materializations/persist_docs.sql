{#- Descriptions, in one statement for a relation and all of its columns, and only where they differ from what is there: then
    a tracker that is at work has nothing to record. A column that the relation does not have is left out, as dbt does. -#}

{% macro pggit__persist_docs(relation, model, for_relation, for_columns) %}
    {%- set descriptions = {} -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do descriptions.update({'': model.description}) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for column in model.columns.values() -%}{%- do descriptions.update({column.name: column.description}) -%}{%- endfor -%}
    {%- endif -%}
    {%- if descriptions -%}
        {#- no dollar ends the block -#}
        {%- set descriptions = dbt.escape_single_quotes(tojson(descriptions)) | replace('$', '\\u0024') -%}
        {%- set describe -%}
            do $describe$
            declare
                target constant regclass := {{ dbt.string_literal(relation.include(database=false)) }};
                described record;
            begin
                for described in
                    select
                        case
                            when wanted.name <> '' then format('column %s.%I', target, wanted.name)
                            else format('%s %s', case relkind
                                when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table'
                            end, target)
                        end as what,
                        nullif(wanted.description, '') as description
                    from pg_class
                    cross join jsonb_each_text({{ dbt.string_literal(descriptions) }}::jsonb) as wanted (name, description)
                    left join pg_attribute
                        on pg_class.oid = attrelid and wanted.name = attname and attnum > 0 and not attisdropped
                    left join pg_description
                        on pg_class.oid = objoid
                        and classoid = 'pg_class'::regclass
                        and coalesce(attnum, 0) = objsubid
                    where
                        pg_class.oid = target
                        and (wanted.name = '' or attnum is not null)
                        and nullif(wanted.description, '') is distinct from pg_description.description
                loop
                    execute format('comment on %s is %L', described.what, described.description);
                end loop;
            end
            $describe$;
        {%- endset -%}
        {%- call statement('describe') -%}{{ unheard(describe) }}{%- endcall -%}
    {%- endif -%}
{% endmacro %}
