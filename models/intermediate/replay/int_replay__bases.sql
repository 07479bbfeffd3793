{#- schema_ddl_at() exists as soon as anything is published: before that, no branch has a base. -#}
{%- set audit_schema = adapter.quote(var('audit_schema')) -%}

with recursive

branches as (

    select * from {{ ref('int_replay__branches') }}

),

executions as (

    select * from {{ ref('int_replay__executions') }}

),

published_changes as (

    select * from {{ published('changes') }} as changes
    where origin in ('v1', 'inferred')

),

tips as (

    select distinct on (branch_name)
        branch_name,
        commit_sha
    from published_changes
    order by branch_name, event_no desc

),

-- the branches that one was forked from, nearest first, each with the last history row that counts there
ancestors as (

    select
        branch_name,
        parent_branch_name as ancestor_name,
        fork_version_id,
        1 as distance
    from branches
    where fork_version_id is not null

    union all

    select
        ancestors.branch_name,
        branches.parent_branch_name,
        least(ancestors.fork_version_id, branches.fork_version_id),
        ancestors.distance + 1
    from ancestors
    inner join branches on ancestors.ancestor_name = branches.branch_name
    where branches.fork_version_id is not null

),

-- the commit of the last row before the fork; where that is not published yet, what it will follow
fork_points as (

    select distinct on (ancestors.branch_name)
        ancestors.branch_name,
        published_changes.commit_sha
    from ancestors
    inner join published_changes
        on
            ancestors.ancestor_name = published_changes.branch_name
            and (
                ancestors.fork_version_id >= published_changes.v1_version_id
                or exists (
                    select from executions
                    where
                        executions.branch_name = ancestors.ancestor_name
                        and executions.version_id <= ancestors.fork_version_id
                        and executions.exclusion_reason is null
                )
            )
    order by ancestors.branch_name, ancestors.distance, published_changes.event_no desc

),

final as (

    select
        branches.branch_name,
        coalesce(tips.commit_sha, fork_points.commit_sha) as commit_sha,
        tips.commit_sha is not null as is_published,
        {% if is_published('changes') -%}
            {{ audit_schema }}.schema_ddl_at(coalesce(tips.commit_sha, fork_points.commit_sha))
        {%- else -%}
            null::text
        {%- endif %} as schema_ddl
    from branches
    left join tips on branches.branch_name = tips.branch_name
    left join fork_points on branches.branch_name = fork_points.branch_name
    where coalesce(tips.commit_sha, fork_points.commit_sha) is not null

)

select * from final
