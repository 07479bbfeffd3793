{% test last_commits_are_rebuilt(model, event_commits) %}

select
    last_commits.branch_name,
    last_commits.commit_no
from (
    select
        branch_name,
        max(commit_no) as commit_no
    from {{ event_commits }}
    group by branch_name
) as last_commits
left join {{ model }} as sampled on last_commits.commit_no = sampled.commit_no
where last_commits.commit_no is not null and sampled.commit_no is null

{% endtest %}
