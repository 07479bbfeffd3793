{% macro change_severity(change_type, object_type, old_definition, new_definition) -%}
    {#- Comments stand at the end of a definition; a comment alone breaks nobody. -#}
    case
        when {{ change_type }} = 'DROP' then 'MAJOR'
        when {{ change_type }} = 'CREATE' then 'MINOR'
        when {{ object_type }} in ('FUNCTION', 'PROCEDURE') then
            case
                when {{ _routine_head(old_definition) }} <> {{ _routine_head(new_definition) }} then 'MAJOR'
                else 'PATCH'
            end
        when exists ({{ _definition_lines(old_definition) }} except {{ _definition_lines(new_definition) }})
            then 'MAJOR'
        when exists ({{ _definition_lines(new_definition) }} except {{ _definition_lines(old_definition) }})
            then 'MINOR'
        else 'PATCH'
    end
{%- endmacro %}


{% macro _routine_head(definition) -%}
    coalesce(split_part({{ definition }}, e'\n', 1) || e'\n' || split_part({{ definition }}, e'\n', 2), '')
{%- endmacro %}


{% macro _definition_lines(definition) -%}
    select rtrim(btrim(line), ',;')
    from string_to_table(regexp_replace({{ definition }}, '(^|\n)COMMENT ON .*$', ''), e'\n') as line
{%- endmacro %}
