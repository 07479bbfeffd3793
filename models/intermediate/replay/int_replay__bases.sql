{#- schema_ddl_at() exists as soon as anything is published: before that, no branch has a base. -#}
{%- set audit_schema = adapter.quote(var('audit_schema')) -%}

with

branches as (

    select * from {{ ref('int_replay__branches') }}

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

fork_points as (

    select distinct on (branches.branch_name)
        branches.branch_name,
        published_changes.commit_sha
    from branches
    inner join published_changes
        on branches.parent_branch_name = published_changes.branch_name
        and branches.fork_version_id >= published_changes.v1_version_id
    order by branches.branch_name, published_changes.event_no desc

),

final as (

    select
        branches.branch_name as branch_name,
        coalesce(tips.commit_sha, fork_points.commit_sha) as commit_sha,
        tips.commit_sha is not null as is_published,
        {% if execute and 'null::' not in published('changes') -%}
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
