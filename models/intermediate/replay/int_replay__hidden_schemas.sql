with

final as (

    select
        hidden.schema_name::text as schema_name,
        hidden.reason::text as reason
    from (
        values
        {%- for name, reason in hidden_schemas().items() %}
        ('{{ name | replace("'", "''") }}', '{{ reason | replace("'", "''") }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as hidden (schema_name, reason)

)

select * from final
