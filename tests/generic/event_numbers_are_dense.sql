{% test event_numbers_are_dense(model) %}

with

events as (

    select change_id, event_no from {{ model }}

    union

    select change_id, event_no from {{ published('changes') }} as changes

),

numbered as (

    select
        change_id,
        event_no,
        row_number() over (order by event_no, change_id) as expected_no,
        count(*) over (partition by change_id) as times
    from events

)

select * from numbered
where
    event_no <> expected_no
    or times > 1

{% endtest %}
