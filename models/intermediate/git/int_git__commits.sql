{{ config(indexes=[{'columns': ['commit_sha']}]) }}
with recursive

-- inlined, for the walk to use the table's index
drafts as not materialized (

    select * from {{ ref('int_git__commit_drafts') }}

),

published_commits as (

    select * from {{ ref('stg_pggit_v0__commits') }}

),

-- what the first commits of this build follow: nothing, or a published commit
bases as (

    select
        keys.parent_key,
        published_commits.commit_sha,
        coalesce(published_commits.generation, -1) as generation,
        coalesce(published_commits.committed_at, '1970-01-01') as committed_at
    from (select distinct parent_key from drafts where chain_position = 1) as keys
    left join published_commits on keys.parent_key = published_commits.commit_sha
    where keys.parent_key = 'root' or published_commits.commit_sha is not null

),

-- each commit's SHA covers its parent's, so the chain is walked one commit at a time
chain as (

    select
        null::bigint as commit_no,
        parent_key as key,
        commit_sha,
        null::text as parent_sha,
        generation,
        committed_at,
        null::text as content
    from bases

    union all

    select
        next_drafts.commit_no,
        next_drafts.commit_no::text,
        {{ git_sha("'commit'", 'written.content') }},
        chain.commit_sha,
        chain.generation + 1,
        moment.committed_at,
        written.content
    from chain
    -- offset 0 keeps this a look-up per commit: a join would read all drafts for each of them
    cross join lateral (
        select * from drafts
        where drafts.parent_key = chain.key
        offset 0
    ) as next_drafts
    cross join lateral (select coalesce(next_drafts.committed_at, chain.committed_at) as committed_at) as moment
    cross join lateral (
        select
            {{ git_commit_content(
                'next_drafts.tree_sha', 'array_remove(array[chain.commit_sha], null)', 'next_drafts.author',
                'moment.committed_at', 'next_drafts.author', 'moment.committed_at', 'next_drafts.message'
            ) }} as content
    ) as written

),

final as (

    select
        drafts.commit_no,
        drafts.branch_name,
        drafts.chain_position,
        chain.commit_sha,
        array_remove(array[chain.parent_sha], null) as parent_shas,
        drafts.tree_sha,
        chain.generation,
        drafts.author,
        drafts.author as committer,
        chain.committed_at as authored_at,
        chain.committed_at,
        drafts.message,
        length(chain.content) as size,
        chain.content
    from chain
    inner join drafts on chain.commit_no = drafts.commit_no

)

select * from final
