{% test tree_content_lists_its_entries(model, entries) %}

with

trees as (

    select
        sha,
        convert_from(decode(content, 'base64'), 'UTF8') as raw
    from {{ model }}
    where type = 'tree'

),

-- sorted once by the collation, then by number
paths as (

    select
        path,
        row_number() over (order by path) as path_no
    from {{ entries }}
    group by path

),

listed as (

    select
        entries.tree_sha,
        string_agg({{ git_tree_line('entries.mode', 'entries.path', 'entries.object_sha') }}, '' order by paths.path_no) as raw
    from {{ entries }} as entries
    inner join paths on entries.path = paths.path
    group by entries.tree_sha

)

select
    trees.sha,
    listed.tree_sha
from trees
full join listed on trees.sha = listed.tree_sha
where
    trees.sha is null
    or trees.raw <> coalesce(listed.raw, '')

{% endtest %}
