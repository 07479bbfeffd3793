{#- SHA-256, in hex, over the rows of a relation, in whatever order they lie. -#}
{% macro rows_digest(relation) -%}
    (
        select encode(sha256(coalesce(string_agg(hashed.digest, '' order by hashed.digest), '')), 'hex')
        from (select sha256(convert_to(to_jsonb(held)::text, 'UTF8')) as digest from {{ relation }} as held) as hashed
    )
{%- endmacro %}
