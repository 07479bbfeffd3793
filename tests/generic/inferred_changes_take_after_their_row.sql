{#- A reconciliation has no history row to take after. -#}
{% test inferred_changes_take_after_their_row(model, commits) %}

with

inferred as (

    select * from {{ model }}
    where origin = 'inferred'

),

history_rows as (

    select * from {{ model }}
    where origin = 'v1'

),

commits as (

    select
        commit_sha,
        message
    from {{ commits }}

)

select
    inferred.change_id,
    inferred.event_no
from inferred
left join commits on inferred.commit_sha = commits.commit_sha
where
    not exists (
        select from history_rows
        where
            history_rows.commit_sha = inferred.commit_sha
            and history_rows.author is not distinct from inferred.author
            and history_rows.committed_at is not distinct from inferred.committed_at
            and history_rows.commit_message is not distinct from inferred.commit_message
    )
    and (
        exists (select from history_rows where history_rows.commit_sha = inferred.commit_sha)
        or inferred.author is not null
        or inferred.committed_at is not null
        or inferred.commit_message is distinct from commits.message
    )

{% endtest %}
