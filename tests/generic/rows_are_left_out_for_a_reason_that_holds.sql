{% test rows_are_left_out_for_a_reason_that_holds(model, history, reason='null::text') %}

with

judged as (

    select
        history.version_id,
        history.object_type,
        history.change_sql,
        {{ reason }} as reason,
        {{ exclusion_reason('history') }} as expected_reason
    from {{ model }} as accounted
    inner join {{ history }} as history on accounted.v1_version_id = history.version_id

)

select * from judged
where
    reason is distinct from expected_reason
    -- only the replay knows what came with an extension
    and (
        expected_reason is null
        and reason = 'member of a created extension'
        and object_type in ('FUNCTION', 'PROCEDURE', 'TABLE', 'VIEW', 'INDEX')
        and change_sql ~* '\m(create|alter)\M.*\mextension\M'
    ) is not true

{% endtest %}
