-- pggit_v0's functions as far as the guide calls them: FORMATS 2 in plain SQL, with the signatures of pgGit 0.2.1.
create function pggit_v0.create_blob(p_content text) returns text language sql as $$
    insert into pggit_v0.objects (sha, type, size, content, created_at)
    values (encode(sha256(convert_to('blob ' || length(p_content) || ':' || p_content, 'UTF8')), 'hex'),
        'blob', length(p_content), p_content, localtimestamp)
    on conflict do nothing;
    select encode(sha256(convert_to('blob ' || length(p_content) || ':' || p_content, 'UTF8')), 'hex');
$$;

create function pggit_v0.create_tree(p_entries jsonb) returns text language plpgsql as $$
declare
    raw text;
    found text;
begin
    select string_agg(e.mode || ' ' || e.path || '|' || e.sha || '|', '' order by e.path) into raw
    from jsonb_to_recordset(p_entries) as e (path text, mode text, sha text);
    found := encode(sha256(convert_to('tree ' || length(raw) || ':' || raw, 'UTF8')), 'hex');
    insert into pggit_v0.objects (sha, type, size, content, created_at)
    values (found, 'tree', length(raw), encode(convert_to(raw, 'UTF8'), 'base64'), localtimestamp)
    on conflict do nothing;
    insert into pggit_v0.tree_entries (tree_sha, path, mode, object_sha)
    select found, e.path, e.mode, e.sha from jsonb_to_recordset(p_entries) as e (path text, mode text, sha text)
    on conflict do nothing;
    return found;
end;
$$;

create function pggit_v0.create_commit(
    p_tree_sha text, p_parent_shas text[], p_message text, p_author text default null, p_committer text default null
) returns text language plpgsql as $$
declare
    who text := coalesce(p_author, current_user || ' <' || current_user || '@pggit>');
    at text := extract(epoch from now())::bigint || ' +0000';
    text_of text;
    found text;
begin
    text_of := 'tree ' || p_tree_sha || e'\n' || array_to_string(array(
        select 'parent ' || p || e'\n' from unnest(p_parent_shas) as p
    ), '') || 'author ' || who || ' ' || at || e'\ncommitter ' || coalesce(p_committer, who) || ' ' || at
        || e'\n\n' || p_message;
    found := encode(sha256(convert_to('commit ' || length(text_of) || ':' || text_of, 'UTF8')), 'hex');
    insert into pggit_v0.objects (sha, type, size, content, created_at)
    values (found, 'commit', length(text_of), text_of, localtimestamp);
    insert into pggit_v0.commit_graph
    values (found, p_parent_shas, p_tree_sha,
        1 + (select max(generation) from pggit_v0.commit_graph where commit_sha = any (p_parent_shas)),
        who, coalesce(p_committer, who), localtimestamp, localtimestamp, p_message);
    return found;
end;
$$;

create function pggit_v0.update_ref(p_ref_name text, p_new_sha text, p_old_sha text default null)
returns boolean language plpgsql as $$
begin
    if p_old_sha <> (select target_sha from pggit_v0.refs where name = p_ref_name) then
        raise exception 'Ref % has changed', p_ref_name;
    end if;
    insert into pggit_v0.refs (name, target_sha, type) values (p_ref_name, p_new_sha, 'branch')
    on conflict (name) do update set target_sha = excluded.target_sha;
    return true;
end;
$$;

create function pggit_v0.diff_trees(p_tree1_sha text, p_tree2_sha text)
returns table (path text, change_type text, old_mode text, new_mode text, old_sha text, new_sha text)
language sql as $$
    select coalesce(a.path, b.path), case when a.path is null then 'add' when b.path is null then 'delete' else 'modify' end,
        a.mode, b.mode, a.object_sha, b.object_sha
    from (select * from pggit_v0.tree_entries where tree_sha = p_tree1_sha) as a
    full join (select * from pggit_v0.tree_entries where tree_sha = p_tree2_sha) as b on a.path = b.path
    where a.object_sha is distinct from b.object_sha
$$;

create function pggit_v0.find_merge_base(p_commit1_sha text, p_commit2_sha text) returns text language sql as $$
    with recursive
    one as (
        select commit_sha, parent_shas, generation from pggit_v0.commit_graph where commit_sha = p_commit1_sha
        union
        select g.commit_sha, g.parent_shas, g.generation
        from one join pggit_v0.commit_graph as g on g.commit_sha = any (one.parent_shas)
    ),
    two as (
        select commit_sha, parent_shas from pggit_v0.commit_graph where commit_sha = p_commit2_sha
        union
        select g.commit_sha, g.parent_shas
        from two join pggit_v0.commit_graph as g on g.commit_sha = any (two.parent_shas)
    )
    select one.commit_sha from one join two using (commit_sha) order by one.generation desc limit 1
$$;
