{#- refs/heads/BRANCH where pggit_v0 itself has nothing on it, else refs/heads/v1/BRANCH. -#}
{% test refs_point_at_the_ends_of_chains(model, changes) %}

with

changes as (

    select * from {{ changes }}
    where origin in ('v1', 'inferred')

),

ends as (

    select distinct on (branch_name)
        branch_name,
        commit_sha
    from changes
    order by branch_name, event_no desc

),

judged as (

    select
        ends.branch_name,
        ends.commit_sha,
        plain.target_sha as plain_target_sha,
        v1.target_sha as v1_target_sha,
        plain.target_sha is not null and not exists (
            select from changes
            where changes.branch_name = ends.branch_name and changes.commit_sha = plain.target_sha
        ) as went_on_natively
    from ends
    left join {{ model }} as plain on plain.name = 'refs/heads/' || ends.branch_name
    left join {{ model }} as v1 on v1.name = 'refs/heads/v1/' || ends.branch_name

)

select * from judged
where commit_sha is distinct from case when went_on_natively then v1_target_sha else plain_target_sha end

{% endtest %}
