-- Reads a catalog in the words of a recorded history's truth.jsonl.gz. These queries were deduced from such
-- files: run on PostgreSQL 15 after the migrations of the recorded histories, they give every definition.
-- Read with the default search_path: names in `public` print without their schema.
--
-- type, schema, name: how the truth calls the object. identity: pg_identify_object's. member: made by an
-- extension or along with a range type, so that a truth may leave it out.
with
schemas as (
    select n.oid, n.nspname
    from pg_catalog.pg_namespace as n
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pggit', 'pggit_v0')
),

relations as (
    select c.*, s.nspname
    from pg_catalog.pg_class as c
    join schemas as s on s.oid = c.relnamespace
),

found as (
    select
        'TABLE' as type,
        r.nspname as schema,
        r.relname::text as name,
        'pg_class'::regclass as classid,
        r.oid as objid,
        json_build_object(
            'columns', (
                select json_agg(
                    json_build_array(
                        a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                        pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated
                    ) order by a.attnum
                )
                from pg_catalog.pg_attribute as a
                left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
                where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
            ),
            -- Without the NOT NULL constraints that PostgreSQL 18 has, which the columns say already, and
            -- without constraint triggers, which are TRIGGERs.
            'constraints', (
                select json_agg(json_build_array(k.conname, pg_get_constraintdef(k.oid)))
                from pg_catalog.pg_constraint as k
                where k.conrelid = r.oid and k.contype not in ('n', 't')
            )
        )::text as definition
    from relations as r
    where r.relkind in ('r', 'p')

    union all

    select
        case r.relkind when 'v' then 'VIEW' else 'MATERIALIZED_VIEW' end,
        r.nspname, r.relname, 'pg_class'::regclass, r.oid, pg_get_viewdef(r.oid)
    from relations as r
    where r.relkind in ('v', 'm')

    union all

    select 'INDEX', r.nspname, r.relname, 'pg_class'::regclass, r.oid, pg_get_indexdef(r.oid)
    from relations as r
    where r.relkind in ('i', 'I')

    union all

    select
        'SEQUENCE', r.nspname, r.relname, 'pg_class'::regclass, r.oid,
        format_type(q.seqtypid, null) || ':' || q.seqincrement
    from relations as r
    join pg_catalog.pg_sequence as q on q.seqrelid = r.oid

    union all

    select 'TRIGGER', r.nspname, r.relname || '.' || t.tgname, 'pg_trigger'::regclass, t.oid, pg_get_triggerdef(t.oid)
    from pg_catalog.pg_trigger as t
    join relations as r on r.oid = t.tgrelid
    where not t.tgisinternal

    union all

    select
        'FUNCTION', s.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        'pg_proc'::regclass, p.oid, pg_get_functiondef(p.oid)
    from pg_catalog.pg_proc as p
    join schemas as s on s.oid = p.pronamespace
    where p.prokind <> 'a'

    union all

    select
        'TYPE', s.nspname, t.typname, 'pg_type'::regclass, t.oid,
        coalesce(
            (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_catalog.pg_enum as e where e.enumtypid = t.oid),
            t.typtype::text
        )
    from pg_catalog.pg_type as t
    join schemas as s on s.oid = t.typnamespace
    left join pg_catalog.pg_class as c on c.oid = t.typrelid
    where t.typtype in ('e', 'd', 'r', 'm') or (t.typtype = 'c' and c.relkind = 'c')
)

select
    f.type,
    f.schema::text as schema,
    f.name::text as name,
    f.definition,
    (pg_identify_object(f.classid, f.objid, 0)).identity as identity,
    exists (
        select from pg_catalog.pg_depend as d
        where
            d.classid = f.classid and d.objid = f.objid
            and (d.deptype = 'e' or (d.deptype = 'i' and f.type in ('FUNCTION', 'TYPE')))
    ) as member
from found as f
