declare
    tree text;
    identities text[];
    contents text[];
begin
    tree := {{ audit_tree_of('schema_ddl_at.commit_sha') }};

    select
        coalesce(array_agg(t.path), '{}'),
        coalesce(array_agg(b.content), '{}')
    into identities, contents
    from {{ source('pggit_v0', 'tree_entries').include(database=false) }} as t
    join {{ source('pggit_v0', 'objects').include(database=false) }} as b on b.sha = t.object_sha
    where t.tree_sha = tree;

    return '-- The schema at commit ' || commit_sha || ', for an empty database. Owners and grants are not part of it.
-- Materialized views are empty until they are refreshed.
-- It runs code of the history''s authors (in indexes, checks, defaults): run it as a role that may do nothing else, and not by
-- psql -f, which obeys backslash commands: pggit-audit rebuild does both.
' || {{ function('schema_ddl').include(database=false) }}(identities, contents);
end;
