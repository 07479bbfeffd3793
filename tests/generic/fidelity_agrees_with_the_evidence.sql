{% test fidelity_agrees_with_the_evidence(model, repairs=none, findings=none) %}

with

changes as (

    select
        change_id,
        fidelity,
        {% if repairs -%}
        (select count(*) from {{ repairs }} as repairs where repairs.change_id = changes.change_id) as steps,
        (select count(*) from {{ findings }} as findings where findings.change_id = changes.change_id) as doubts
        {%- else -%}
        coalesce(jsonb_array_length(repairs), 0) as steps,
        coalesce(jsonb_array_length(findings), 0) as doubts
        {%- endif %}
    from {{ model }} as changes

)

select * from changes
where
    (fidelity = 'exact' and steps > 0)
    or (fidelity = 'repaired' and steps = 0)
    or (fidelity in ('static', 'unknown') and doubts = 0)

{% endtest %}
