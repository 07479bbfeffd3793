/* pggit-audit preflight */
-- What PostgreSQL itself knows to depend on something of v1: object_type, object, kind and name of what it uses.
with

hidden as (
    select oid from pg_namespace
    where nspname = any(%(hidden)s) or nspname ~ '^pg_' or nspname = 'information_schema'
),

v1 as (
    select oid from pg_namespace where nspname = %(schema)s
),

-- what v1 has, as others depend on it; a column as its table, an array or row type as what it is of
used as (

    select 'pg_proc'::regclass as classid, oid as objid, 'function' as kind, proname::text as name
    from pg_proc
    where pronamespace in (select oid from v1)

    union all

    select 'pg_class'::regclass, oid, case when relkind in ('v', 'm') then 'view' else 'table' end, relname::text
    from pg_class
    where relnamespace in (select oid from v1) and relkind not in ('i', 'I')

    union all

    select
        'pg_type'::regclass, t.oid, case when c.relkind = 'c' or c.oid is null then 'type' else 'table' end,
        coalesce(c.relname, e.typname, t.typname)::text
    from pg_type as t
    left join pg_type as e on t.typelem = e.oid and t.typcategory = 'A'
    left join pg_class as c on coalesce(e.typrelid, t.typrelid) = c.oid
    where t.typnamespace in (select oid from v1)

),

users as (

    select distinct
        -- a view is its rule, and a default its column
        case when r.oid is null then d.classid::regclass else 'pg_class'::regclass end as classid,
        coalesce(r.ev_class, d.objid) as objid,
        used.kind,
        used.name
    from pg_depend as d
    inner join used on d.refclassid = used.classid and d.refobjid = used.objid
    left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and r.rulename = '_RETURN'
    where d.deptype in ('n', 'a')

)

select
    identified.type as object_type,
    identified.identity as object,
    users.kind,
    users.name
from users
cross join lateral pg_identify_object(users.classid, users.objid, 0) as identified
left join pg_class as c on users.classid = 'pg_class'::regclass and users.objid = c.oid
left join pg_trigger as t on users.classid = 'pg_trigger'::regclass and users.objid = t.oid
left join pg_constraint as n on users.classid = 'pg_constraint'::regclass and users.objid = n.oid
left join pg_attrdef as a on users.classid = 'pg_attrdef'::regclass and users.objid = a.oid
left join pg_policy as p on users.classid = 'pg_policy'::regclass and users.objid = p.oid
left join pg_rewrite as r on users.classid = 'pg_rewrite'::regclass and users.objid = r.oid
left join pg_class as owner on coalesce(t.tgrelid, a.adrelid, p.polrelid, r.ev_class) = owner.oid
left join pg_namespace as ns
    on coalesce(c.relnamespace, n.connamespace, owner.relnamespace) = ns.oid or ns.nspname = identified.schema
where
    -- v1's own, and what serves it
    coalesce(ns.oid not in (select oid from hidden), true)
    -- its event triggers end with it
    and users.classid <> 'pg_event_trigger'::regclass
    and users.classid <> 'pg_extension'::regclass
    and not exists (
        select from pg_depend as member
        where member.classid = users.classid and member.objid = users.objid and member.deptype = 'e'
    )
order by 1, 2, 3, 4
