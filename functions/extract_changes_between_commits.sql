declare
    old_tree text;
    new_tree text;
begin
    -- The first commit has no parent: there, old_sha is NULL, and all that lives at new_sha was created.
    if old_sha is not null then
        old_tree := {{ audit_tree_of('extract_changes_between_commits.old_sha') }};
    end if;

    new_tree := {{ audit_tree_of('extract_changes_between_commits.new_sha') }};

    return query
    with

    differences as (
        select
            coalesce(new_entries.path, old_entries.path) as path,
            old_entries.object_sha as old_blob,
            new_entries.object_sha as new_blob
        from (
            select path, object_sha
            from {{ source('pggit_v0', 'tree_entries').include(database=false) }} as tree_entries
            where tree_entries.tree_sha = old_tree
        ) as old_entries
        full join (
            select path, object_sha
            from {{ source('pggit_v0', 'tree_entries').include(database=false) }} as tree_entries
            where tree_entries.tree_sha = new_tree
        ) as new_entries on old_entries.path = new_entries.path
        where old_entries.object_sha is distinct from new_entries.object_sha
    )

    select
        case when known.change_id is null then {{ unquoted('named.parts[2]') }} else known.object_schema end,
        case
            when known.change_id is null then {{ unquoted('coalesce(named.parts[1], named.parts[3], d.path)') }}
            else known.object_name
        end,
        case
            when known.change_id is null then {{ definition_object_type('coalesce(n.content, o.content)') }}
            else known.object_type
        end,
        d.path,
        case when d.old_blob is null then 'CREATE' when d.new_blob is null then 'DROP' else 'ALTER' end,
        o.content,
        n.content
    from differences as d
    left join {{ source('pggit_v0', 'objects').include(database=false) }} as o on o.sha = d.old_blob
    left join {{ source('pggit_v0', 'objects').include(database=false) }} as n on n.sha = d.new_blob
    -- What an object is, is known from the last change that named it.
    left join lateral (
        select c.change_id, c.object_schema, c.object_name, c.object_type
        from {{ ref('changes').include(database=false) }} as c
        where c.object_identity = d.path
        order by c.event_no desc
        limit 1
    ) as known on true
    cross join lateral (select {{ path_parts('d.path') }} as parts) as named
    order by d.path;
end;
