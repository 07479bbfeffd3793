declare
    tree text;
    definition text;
begin
    tree := {{ audit_tree_of('object_definition_at.commit_sha') }};

    select o.content into definition
    from {{ source('pggit_v0', 'tree_entries').include(database=false) }} as t
    join {{ source('pggit_v0', 'objects').include(database=false) }} as o on o.sha = t.object_sha
    where t.tree_sha = tree and t.path = object_definition_at.object_identity;

    if not found and not exists (
        select from {{ ref('changes').include(database=false) }} as c
        where c.object_identity = object_definition_at.object_identity
    ) then
        raise exception 'No change has ever named an object %.', coalesce(quote_literal(object_identity), 'NULL') using
            errcode = 'no_data_found',
            hint = 'An object is named as PostgreSQL identifies it, such as public.books, public."Reviews" '
            'or public.order_total(bigint): select object_identity from {{ ref("current_objects").include(database=false) | replace("'", "''") }};';
    end if;

    return definition;
end;
