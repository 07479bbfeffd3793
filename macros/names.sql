{#- A path as PostgreSQL writes identities, `schema.object`, `schema` or `trigger on schema.table`, in three parts:
    trigger, schema, object. -#}
{% macro path_parts(path) -%}
    regexp_match({{ path }}, '^(?:("(?:[^"]|"")+"|[^ "]+) on )?("(?:[^"]|"")+"|[^".(]+)(?:\.(.+))?$')
{%- endmacro %}


{% macro definition_object_type(definition) -%}
    {%- set comments = '(?:\\s|--[^\\n]*\\n|/[*].*?[*]/)*' -%}
    {%- set modifiers = 'OR\\s+REPLACE|GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|RECURSIVE|UNIQUE|CONSTRAINT|TRUSTED|DEFAULT' -%}
    {%- set kinds = 'TABLE|INDEX|MATERIALIZED\\s+VIEW|VIEW|FUNCTION|PROCEDURE|AGGREGATE|TRIGGER|TYPE|DOMAIN|SEQUENCE|POLICY|SCHEMA'
        ~ '|EXTENSION|COLLATION|OPERATOR\\s+(?:FAMILY|CLASS)|OPERATOR|CAST|CONVERSION|ACCESS\\s+METHOD|(?:PROCEDURAL\\s+)?LANGUAGE'
        ~ '|TRANSFORM|TEXT\\s+SEARCH\\s+(?:PARSER|TEMPLATE|DICTIONARY|CONFIGURATION)|STATISTICS|RULE'
        ~ '|FOREIGN\\s+TABLE|FOREIGN\\s+DATA\\s+WRAPPER|SERVER|USER\\s+MAPPING|EVENT\\s+TRIGGER|PUBLICATION|SUBSCRIPTION' -%}
    {%- set kind -%}
        regexp_replace(upper(substring(
            {{ own_definition(definition) }} from '(?i)^{{ comments }}CREATE\s+(?:(?:{{ modifiers }})\s+)*({{ kinds }})\M'
        )), '\s+', ' ', 'g')
    {%- endset -%}
    case {{ kind }}
        when 'DOMAIN' then 'TYPE'
        when 'AGGREGATE' then 'FUNCTION'
        when 'MATERIALIZED VIEW' then 'MATERIALIZED_VIEW'
        when 'LANGUAGE' then 'PROCEDURAL LANGUAGE'
        else {{ kind }}
    end
{%- endmacro %}


{#- Of a table's definition, what begins with its own CREATE TABLE: one that inherits may have a second parent made before it
    that only tells the order of its columns. -#}
{% macro own_definition(definition) -%}
    regexp_replace(
        {{ definition }},
        $re$^CREATE TABLE (?:[^;'"]|'(?:[^']|'')*'|"(?:[^"]|"")*")+;\n(?=CREATE (?:UNLOGGED |FOREIGN )?TABLE )$re$,
        ''
    )
{%- endmacro %}


{% macro unquoted(name) -%}
    case
        when {{ name }} like '"%"' then replace(substr({{ name }}, 2, length({{ name }}) - 2), '""', '"')
        else {{ name }}
    end
{%- endmacro %}
