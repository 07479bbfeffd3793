{#- Each commit's tree is made again from nothing but the definitions in changes, and must have the same SHA. -#}
{% test trees_hold_exactly_what_lives(model, commits) %}

with recursive

changes as (

    select
        event_no,
        branch_name,
        commit_sha,
        parent_commit_sha,
        object_identity,
        {{ git_sha("'blob'", 'new_definition') }} as blob_sha
    from {{ with_published(model, 'changes', 'change_id') }} as changes
    where origin in ('v1', 'inferred')

),

commits as (

    select commit_sha, tree_sha from {{ commits }}

),

chain as (

    select
        branch_name,
        commit_sha,
        min(parent_commit_sha) as parent_commit_sha,
        row_number() over (order by branch_name, min(event_no)) as commit_no
    from changes
    group by branch_name, commit_sha

),

tested_commits as (

    select distinct chain.commit_no
    from chain
    inner join {{ model }} as tested on chain.commit_sha = tested.commit_sha

),

stretches as (

    select
        chain.branch_name,
        min(chain.commit_no) as first_no,
        max(chain.commit_no) as last_no,
        min(tested_commits.commit_no) as first_tested_no
    from chain
    left join tested_commits on chain.commit_no = tested_commits.commit_no
    group by chain.branch_name

),

forks as (

    select
        first_commits.branch_name,
        fork_commits.branch_name as source_name,
        fork_commits.commit_no as fork_no
    from stretches
    inner join chain as first_commits on stretches.first_no = first_commits.commit_no
    inner join chain as fork_commits on first_commits.parent_commit_sha = fork_commits.commit_sha
    where fork_commits.branch_name <> first_commits.branch_name

),

lineages as (

    select
        branch_name,
        branch_name as source_name,
        last_no
    from stretches

    union all

    select
        lineages.branch_name,
        forks.source_name,
        forks.fork_no
    from lineages
    inner join forks on lineages.source_name = forks.branch_name

),

-- what a branch was forked with lives from its first commit on
moments as (

    select
        lineages.branch_name,
        changes.object_identity,
        changes.event_no,
        changes.blob_sha,
        case when lineages.source_name = lineages.branch_name then chain.commit_no else stretches.first_no end as first_no
    from lineages
    inner join stretches on lineages.branch_name = stretches.branch_name
    inner join chain
        on lineages.source_name = chain.branch_name
        and lineages.last_no >= chain.commit_no
    inner join changes
        on chain.branch_name = changes.branch_name
        and chain.commit_sha = changes.commit_sha

),

lives as (

    select
        moments.object_identity,
        moments.blob_sha,
        greatest(moments.first_no, stretches.first_tested_no) as first_no,
        coalesce(
            lead(moments.first_no) over (
                partition by moments.branch_name, moments.object_identity order by moments.event_no
            ) - 1,
            stretches.last_no
        ) as last_no
    from moments
    inner join stretches on moments.branch_name = stretches.branch_name
    where stretches.first_tested_no is not null

),

paths as (

    select
        object_identity,
        row_number() over (order by object_identity) as path_no
    from lives
    group by object_identity

),

lines as (

    select
        generate_series(lives.first_no, lives.last_no) as commit_no,
        paths.path_no,
        {{ git_tree_line("'100644'", 'lives.object_identity', 'lives.blob_sha') }} as line
    from lives
    inner join paths on lives.object_identity = paths.object_identity
    where lives.blob_sha is not null

),

rebuilt as (

    select
        commit_no,
        string_agg(line, '' order by path_no) as raw
    from lines
    group by commit_no

)

select
    chain.commit_sha,
    commits.tree_sha,
    {{ git_sha("'tree'", "coalesce(rebuilt.raw, '')") }} as rebuilt_tree_sha
from tested_commits
inner join chain on tested_commits.commit_no = chain.commit_no
left join commits on chain.commit_sha = commits.commit_sha
left join rebuilt on chain.commit_no = rebuilt.commit_no
where commits.tree_sha is distinct from {{ git_sha("'tree'", "coalesce(rebuilt.raw, '')") }}

{% endtest %}
