{#- A path as PostgreSQL writes identities, `schema.object`, `schema` or `trigger on schema.table`, in three parts:
    trigger, schema, object. -#}
{% macro path_parts(path) -%}
    regexp_match({{ path }}, '^(?:("(?:[^"]|"")+"|[^ "]+) on )?("(?:[^"]|"")+"|[^".(]+)(?:\.(.+))?$')
{%- endmacro %}


{% macro definition_object_type(definition) -%}
    {%- set comments = '(?:\\s|--[^\\n]*\\n|/[*].*?[*]/)*' -%}
    {%- set modifiers = 'OR\\s+REPLACE|GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|RECURSIVE|UNIQUE|CONSTRAINT|FOREIGN' -%}
    {%- set kinds = 'TABLE|INDEX|MATERIALIZED\\s+VIEW|VIEW|FUNCTION|PROCEDURE|AGGREGATE|TRIGGER|TYPE|DOMAIN|SEQUENCE|POLICY|SCHEMA' -%}
    {%- set kind -%}
        upper(substring(
            {{ definition }} from '(?i)^{{ comments }}CREATE\s+(?:(?:{{ modifiers }})\s+)*({{ kinds }})\M'
        ))
    {%- endset -%}
    case {{ kind }}
        when 'DOMAIN' then 'TYPE'
        when 'AGGREGATE' then 'FUNCTION'
        else regexp_replace({{ kind }}, '\s+', '_')
    end
{%- endmacro %}


{% macro unquoted(name) -%}
    case
        when {{ name }} like '"%"' then replace(substr({{ name }}, 2, length({{ name }}) - 2), '""', '"')
        else {{ name }}
    end
{%- endmacro %}
