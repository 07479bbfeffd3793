{% test fidelity_agrees_with_repairs(model, repairs=none) %}

with

changes as (

    select
        change_id,
        fidelity,
        {% if repairs -%}
            (select count(*) from {{ repairs }} as repairs where repairs.change_id = changes.change_id)
        {%- else -%}
            coalesce(jsonb_array_length(repairs), 0)
        {%- endif %} as steps
    from {{ model }} as changes

)

select * from changes
where
    (fidelity = 'exact' and steps > 0)
    or (fidelity = 'repaired' and steps = 0)

{% endtest %}
