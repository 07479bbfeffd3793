{%- set events_source = source('pggit', 'system_events') -%}
{%- set columns = source_columns(events_source, required=false) -%}

with

system_events as (

{% if columns %}

    select
        event_id::bigint as event_id,
        event_type::text as event_type,
        {{ as_timestamp(columns, 'created_at') }} as created_at
    from {{ events_source }}

{% else %}

    select
        null::bigint as event_id,
        null::text as event_type,
        null::timestamp as created_at
    where false

{% endif %}

),

final as (

    select
        stops.event_id as pause_id,
        stops.event_type as kind,
        stops.created_at as began_at,
        (
            select min(starts.created_at)
            from system_events as starts
            where
                starts.event_type in ('tracking_resumed', 'emergency_enable')
                and (starts.created_at, starts.event_id) > (stops.created_at, stops.event_id)
        ) as ended_at
    from system_events as stops
    where
        stops.event_type in ('tracking_paused', 'emergency_disable')
        and stops.created_at is not null

)

select * from final
