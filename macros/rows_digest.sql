{#- SHA-256, in hex, over the rows of a relation, in whatever order they lie. -#}
{% macro rows_digest(relation) -%}
    (
        select encode(sha256(coalesce(string_agg(hashed.digest, '' order by hashed.digest), '')), 'hex')
        from (
            -- with --empty, the relation comes with an alias of dbt's
            select sha256(convert_to(to_jsonb(held)::text, 'UTF8')) as digest
            from (select * from {{ relation }}) as held
        ) as hashed
    )
{%- endmacro %}


{#- What preflight found, a digest for each of its tables, as a query: table_name, digest. -#}
{% macro preflight_digests() %}
    {%- for table in ['int_preflight__checks', 'int_preflight__uses'] %}
    select
        '{{ table }}' as table_name,
        {{ rows_digest(ref(table)) }} as digest
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{% endmacro %}
