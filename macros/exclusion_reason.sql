{#- A history table is untrusted, and long: whatever the tracker itself did is left out before the replay. -#}
{% macro exclusion_reason(history) -%}
    {%- set tracker_schemas = [var('pggit_schema'), var('pggit_v0_schema')] -%}
    {%- set hidden = "'" ~ hidden_schemas().keys() | map("replace", "'", "''") | join("', '") ~ "'" -%}
    case
        when coalesce({{ history }}.object_name, '') = '' or {{ history }}.object_type is null or {{ history }}.change_type is null
            then 'the row does not say what was changed'
        when octet_length({{ history }}.object_name) > 2000 then 'no object has a name of that length'
        when {{ is_own_of_a_build(history, hidden) }} then 'made by a build of this project'
        when {{ history }}.object_schema in ('{{ tracker_schemas | join("', '") }}')
            then 'object of the tracker itself'
        when {{ history }}.object_schema in ({{ hidden }})
            then 'object of a schema that is hidden (hidden_schemas)'
        when {{ history }}.object_schema like 'pg\_temp%' then 'temporary object of one session'
        when {{ history }}.change_type in ('BRANCH', 'MERGE', 'CONFLICT_RESOLVED')
            then 'branch operation, not a change of an object'
    end
{%- endmacro %}


{#- In a build's transaction somebody's trigger may make something: in a schema of the team's it is the team's. `hidden` is what stands
    behind IN: names, or a query of them. v1 says `public` of each index whose name has to be quoted, as dbt's names of indexes have
    that begin with a digit: it is the team's where one of that name is in no hidden schema. -#}
{% macro is_own_of_a_build(history, hidden) -%}
    {{ history }}.is_made_by_a_build and coalesce(
        {{ history }}.object_schema in ({{ hidden }})
        or {{ history }}.object_schema like 'pg\_temp%'
        or (
            {{ history }}.object_type = 'INDEX'
            and {{ history }}.object_schema = 'public'
            and {{ history }}.object_name like '"%'
            and not exists (
                select from pg_class as indexes
                inner join pg_namespace as places on indexes.relnamespace = places.oid
                where
                    indexes.relkind in ('i', 'I')
                    and indexes.relname = {{ unquoted(history ~ '.object_name') }}
                    and places.nspname not in ({{ hidden }})
            )
        ),
        {{ history }}.object_type <> 'SCHEMA' or {{ unquoted(history ~ '.object_name') }} in ({{ hidden }})
    )
{%- endmacro %}
