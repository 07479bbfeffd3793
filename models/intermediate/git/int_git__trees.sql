with

event_commits as (

    select * from {{ ref('int_git__event_commits') }}

),

path_versions as (

    select * from {{ ref('int_git__path_versions') }}

),

commits as (

    select distinct
        commit_no,
        branch_name,
        chain_position
    from event_commits

),

lines as (

    select
        branch_name,
        path_no,
        {{ git_tree_line('mode', 'path', 'blob_sha') }} as line,
        generate_series(first_position, last_position) as chain_position
    from path_versions

),

trees as (

    select
        commits.commit_no,
        count(lines.line) as entries,
        coalesce(string_agg(lines.line, '' order by lines.path_no), '') as raw
    from commits
    left join lines
        on commits.branch_name = lines.branch_name
        and commits.chain_position = lines.chain_position
    group by commits.commit_no

),

final as (

    select
        commit_no as commit_no,
        {{ git_sha("'tree'", 'raw') }} as tree_sha,
        entries as entries,
        length(raw) as size,
        {{ git_tree_content('raw') }} as content
    from trees

)

select * from final
