with

events as (

    select * from {{ ref('int_replay__events') }}

),

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

first_uses as (

    select
        blob_sha,
        min(event_seq) as event_seq
    from event_commits
    where blob_sha is not null
    group by blob_sha

),

final as (

    select
        first_uses.blob_sha,
        length(events.new_definition) as size,
        events.new_definition as definition
    from first_uses
    inner join events on first_uses.event_seq = events.event_seq

)

select * from final
