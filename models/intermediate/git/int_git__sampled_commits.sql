with

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

commits as (

    select * from {{ ref('int_git__commits') }}

),

path_versions as (

    select * from {{ ref('int_git__path_versions') }}

),

executions as (

    select * from {{ ref('int_replay__executions') }}

),

new_blobs as (

    select * from {{ ref('int_git__blobs') }}

),

published_blobs as (

    select * from {{ ref('stg_pggit_v0__blobs') }}

),

-- between the rows of one statement there are trees that no database ever had: a table's without the index of its key
ends as (

    select
        executions.branch_name,
        executions.execution_no,
        max(event_commits.commit_no) as commit_no
    from event_commits
    inner join executions on event_commits.anchor_version_id = executions.version_id
    group by executions.branch_name, executions.execution_no

),

tips as (

    select
        branch_name,
        max(commit_no) as commit_no
    from commits
    group by branch_name

),

others as (

    select distinct ends.commit_no
    from ends
    where ends.commit_no not in (select commit_no from tips)

),

-- by SHA: as good as chance, and the same in each build of the same history
sampled as (

    select
        commits.commit_no,
        false as is_tip
    from others
    inner join commits on others.commit_no = commits.commit_no
    order by commits.commit_sha
    limit {{ var('sampled_commits') | as_number }}

),

chosen as (

    select * from sampled

    union all

    select
        commit_no,
        true
    from tips

),

trees as (

    select
        chosen.commit_no,
        array_agg(path_versions.path order by path_versions.path_no) as object_identities,
        array_agg(coalesce(new_blobs.definition, published_blobs.definition) order by path_versions.path_no) as definitions
    from chosen
    inner join commits on chosen.commit_no = commits.commit_no
    inner join path_versions
        on commits.branch_name = path_versions.branch_name
        and chosen.commit_no between path_versions.first_commit_no and path_versions.last_commit_no
    left join new_blobs on path_versions.blob_sha = new_blobs.blob_sha
    left join published_blobs on path_versions.blob_sha = published_blobs.blob_sha
    group by chosen.commit_no

),

final as (

    select
        chosen.commit_no,
        commits.commit_sha,
        commits.branch_name,
        chosen.is_tip,
        coalesce(trees.object_identities, '{}') as object_identities,
        coalesce(trees.definitions, '{}') as definitions,
        {{ function('schema_ddl') }}(coalesce(trees.object_identities, '{}'), coalesce(trees.definitions, '{}')) as schema_ddl
    from chosen
    inner join commits on chosen.commit_no = commits.commit_no
    left join trees on chosen.commit_no = trees.commit_no

)

select * from final
