{%- set events_source = source('pggit', 'system_events') -%}
{%- set columns = source_columns(events_source, required=false) -%}

with

system_events as (

{% if columns %}

    select
        event_id::bigint as event_id,
        event_type::text as event_type,
        {{ as_timestamp(columns, 'created_at') }} as created_at,
    {%- if columns['created_at'] == 'timestamp with time zone' %}
        {{ wall_clock(columns, 'created_at', 'event_data') }} as wall_clock
    {%- else %}
        created_at::timestamp as wall_clock
    {%- endif %}
    from {{ events_source }}

{% else %}

    select
        null::bigint as event_id,
        null::text as event_type,
        null::timestamp as created_at,
        null::timestamp as wall_clock
    where false

{% endif %}

),

stops as (

    select * from system_events
    where event_type in ('tracking_paused', 'emergency_disable') and created_at is not null

),

starts as (

    select * from system_events
    where event_type in ('tracking_resumed', 'emergency_enable') and created_at is not null

),

-- an event is a moment; a row of the history is what the clock on the wall said, in the zone of its session or in UTC
final as (

    select
        stops.event_id as pause_id,
        stops.event_type as kind,
        least(stops.created_at, stops.wall_clock) as began_at,
        greatest(first_start.created_at, first_start.wall_clock) as ended_at
    from stops
    left join lateral (
        select
            starts.created_at,
            starts.wall_clock
        from starts
        where (starts.created_at, starts.event_id) > (stops.created_at, stops.event_id)
        order by starts.created_at, starts.event_id
        limit 1
    ) as first_start on true

)

select * from final
