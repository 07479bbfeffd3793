-- What the three functions of pgGit 0.2.1 that can be rewritten answer, on v1's tables.
create function pggit.get_history(p_object_name text, p_limit integer default 10)
returns table (
    version integer, change_type pggit.change_type, change_description text, created_at timestamp, created_by text
)
language sql stable as $$
    select h.new_version, h.change_type, h.change_description, h.created_at, h.created_by
    from pggit.history as h
    where h.object_id in (select o.id from pggit.objects as o where o.full_name = p_object_name)
    order by h.created_at desc, h.id desc
    limit p_limit
$$;

create function pggit.get_version(p_object_name text)
returns table (object_name text, schema_name text, version integer, version_string text, created_at timestamp)
language sql stable as $$
    select
        split_part(o.full_name, '.', 2), split_part(o.full_name, '.', 1), o.version,
        concat_ws('.', o.version_major, o.version_minor, o.version_patch), o.created_at
    from pggit.objects as o
    where o.is_active and o.full_name = p_object_name
$$;

create function pggit.get_version_fast(p_object_name text)
returns table (version integer, version_string text, last_modified timestamp, change_count integer)
language sql stable as $$
    select
        o.version, concat_ws('.', o.version_major, o.version_minor, o.version_patch),
        (select max(h.created_at) from pggit.history as h where h.object_id = o.id),
        (select count(*)::integer from pggit.history as h where h.object_id = o.id)
    from pggit.objects as o
    where o.is_active and o.full_name = p_object_name
$$;
