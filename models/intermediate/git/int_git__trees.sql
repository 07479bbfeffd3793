with

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

path_versions as (

    select * from {{ ref('int_git__path_versions') }}

),

commits as (

    select distinct commit_no
    from event_commits

),

lines as (

    select
        generate_series(first_commit_no, last_commit_no) as commit_no,
        path_no,
        {{ git_tree_line('mode', 'path', 'blob_sha') }} as line
    from path_versions

),

filled_trees as (

    select
        commit_no,
        count(*) as entries,
        string_agg(line, '' order by path_no) as raw
    from lines
    group by commit_no

),

-- where everything has been dropped, the tree is empty, and is a tree all the same
trees as (

    select
        commits.commit_no,
        coalesce(filled_trees.entries, 0) as entries,
        coalesce(filled_trees.raw, '') as raw
    from commits
    left join filled_trees on commits.commit_no = filled_trees.commit_no

),

final as (

    select
        commit_no,
        {{ git_sha("'tree'", 'raw') }} as tree_sha,
        entries,
        length(raw) as size
    from trees

)

select * from final
