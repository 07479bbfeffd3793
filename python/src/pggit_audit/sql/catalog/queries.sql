-- query: horizon
-- The next transaction id: what is written from now on has this one or a later one.
select (pg_snapshot_xmax(pg_current_snapshot())::text::numeric % 4294967296)::bigint as horizon

-- query: touched
-- The objects with a catalog row written at or after the transaction id `horizon`, as the object
-- that a definition is written for: a constraint and an identity's sequence count for their table, a rule for its view.
-- Catalog rows keep the transaction id that wrote them in xmin; age() compares them across a wraparound.
-- The placeholder becomes those of the following queries, each headed by `-- written: CATALOG`, whose catalogs were
-- written to. xmin has no index: where it is not known which relations were locked, each row is looked at (but for what
-- the server came with, whose oids are smaller). In pg_type the way through the index would take longer.
-- What is deleted leaves no such row.
with touched as (
{places}
)
, mark as (
    {query:horizon}
)
select
    touched.classid,
    touched.objid,
    -- a join would read all of pg_class
    case
        when touched.classid = 'pg_class'::regclass
            then (select c.relkind::text from pg_catalog.pg_class as c where c.oid = touched.objid)
    end as relkind,
    mark.horizon
from mark
left join touched on true

-- query: dependents
-- The objects whose text may name one of `oids`, one step away: a view of a table, a table with a
-- column of a type, a foreign key to a table, a trigger of a function.
with changed as (
    select unnest(%(oids)s::oid[]) as oid
)
, referenced as (
    select oid from changed
    union
    select c.reltype from pg_catalog.pg_class as c join changed on changed.oid = c.oid where c.reltype <> 0
    union
    -- an expression that takes a column of a composite type rests on that type's relation
    select t.typrelid from pg_catalog.pg_type as t join changed on changed.oid = t.oid where t.typrelid <> 0
    union
    select t.typarray from pg_catalog.pg_type as t join changed on changed.oid = t.oid where t.typarray <> 0
    union
    select t.typarray
    from pg_catalog.pg_class as c
    join changed on changed.oid = c.oid
    join pg_catalog.pg_type as t on t.oid = c.reltype
    where t.typarray <> 0
    union
    select m.oid
    from pg_catalog.pg_range as r
    join changed on changed.oid = r.rngtypid
    join pg_catalog.pg_type as t on t.oid = r.rngmultitypid
    cross join lateral (values (t.oid), (t.typarray)) as m (oid)
    union
    select k.oid from pg_catalog.pg_constraint as k join changed on changed.oid = k.conrelid where k.contype in ('p', 'u', 'x')
)
{query:namers}

-- query: users_of_rows
-- The objects whose text may list the columns of one of `oids`, tables and composite types: `ROW(a, NULL)::t`, and a
-- query of a function that returns such rows. And their heirs, of which a text says what is otherwise than with them.
with recursive changed as (
    select unnest(%(oids)s::oid[]) as oid
)
, heirs as (
    select i.inhrelid as oid from pg_catalog.pg_inherits as i join changed on changed.oid = i.inhparent
    union
    select i.inhrelid from pg_catalog.pg_inherits as i join heirs on heirs.oid = i.inhparent
)
, rows as (
    select c.reltype as oid from pg_catalog.pg_class as c join changed on changed.oid = c.oid where c.reltype <> 0
    union
    select t.oid from pg_catalog.pg_type as t join changed on changed.oid = t.oid where t.typtype = 'c'
)
, referenced as (
    select oid from rows
    union
    select d.objid
    from rows
    join pg_catalog.pg_depend as d on d.refclassid = 'pg_type'::regclass and d.refobjid = rows.oid
    where d.classid = 'pg_proc'::regclass
)
{query:namers}
union
select 'pg_class'::regclass::oid, c.oid, c.relkind::text
from heirs
join pg_catalog.pg_class as c on c.oid = heirs.oid
where not c.relispartition

-- query: namers
-- The objects whose text may name one of the oids in `referenced`, one step away.
, dependents as (
select distinct
    case
        when r.rulename <> '_RETURN' then 'pg_rewrite'::regclass::oid
        when r.oid is not null or k.conrelid <> 0 or ad.oid is not null then 'pg_class'::regclass::oid
        when k.oid is not null then 'pg_type'::regclass::oid
        when c.relkind = 'c' then 'pg_type'::regclass::oid
        else d.classid
    end as classid,
    case
        when r.rulename <> '_RETURN' then r.oid
        when r.oid is not null then r.ev_class
        when k.conrelid <> 0 then k.conrelid
        when k.oid is not null then k.contypid
        when ad.oid is not null then ad.adrelid
        when c.relkind = 'c' then c.reltype
        else d.objid
    end as objid
from referenced
join pg_catalog.pg_depend as d on d.refobjid = referenced.oid and {query:of_any_class}
left join pg_catalog.pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
left join pg_catalog.pg_constraint as k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
left join pg_catalog.pg_attrdef as ad on d.classid = 'pg_attrdef'::regclass and ad.oid = d.objid
left join pg_catalog.pg_class as c on d.classid = 'pg_class'::regclass and c.oid = d.objid
where d.deptype in ('n', 'a', 'i', 'P', 'S') and not {query:of_parts}
union
-- the operators and functions of a class or a family, the tables and schemas of a publication
select owner.refclassid, owner.refobjid
from referenced
join pg_catalog.pg_depend as d on d.refobjid = referenced.oid
join pg_catalog.pg_depend as owner on owner.classid = d.classid and owner.objid = d.objid
where
    {query:of_parts}
    and owner.refclassid in ('pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_publication'::regclass)
)
select dependents.classid, dependents.objid, c.relkind::text as relkind
from dependents
left join pg_catalog.pg_class as c on dependents.classid = 'pg_class'::regclass and c.oid = dependents.objid

-- query: of_any_class
-- An object's oid is that of its class alone, and the index begins with the class: with all of them it serves.
d.refclassid = any(array[
    'pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass,
    'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_am'::regclass, 'pg_amop'::regclass,
    'pg_amproc'::regclass, 'pg_cast'::regclass, 'pg_collation'::regclass, 'pg_conversion'::regclass,
    'pg_event_trigger'::regclass, 'pg_extension'::regclass, 'pg_foreign_data_wrapper'::regclass,
    'pg_foreign_server'::regclass, 'pg_language'::regclass, 'pg_namespace'::regclass, 'pg_policy'::regclass,
    'pg_publication'::regclass, 'pg_publication_rel'::regclass, 'pg_rewrite'::regclass, 'pg_statistic_ext'::regclass,
    'pg_transform'::regclass, 'pg_trigger'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass,
    'pg_ts_parser'::regclass, 'pg_ts_template'::regclass, 'pg_user_mapping'::regclass
]::oid[])

-- query: of_parts
-- What is no object of its own, but a part of one.
d.classid = any(array[
    'pg_publication_namespace'::regclass,  -- since 15
    'pg_amop'::regclass, 'pg_amproc'::regclass, 'pg_publication_rel'::regclass
]::oid[])

-- query: vanished
-- Of the oids in the parameter of each catalog's name, those that the catalog does not have.
{gone}

-- query: columns
-- A table's columns in the terms of v1's metadata (FORMATS 1.9), which took them from
-- information_schema: a domain shows as its base type. Run it with the replay's search_path, so that
-- defaults read as v1's did; that path is the history's, so no name here may be looked up in it.
with recursive wanted (oid) as (
    select %(oid)s::pg_catalog.oid
)
, ancestors (oid) as (
    select oid from wanted
    union
    select i.inhparent
    from pg_catalog.pg_inherits as i
    join ancestors on ancestors.oid operator(pg_catalog.=) i.inhrelid
)
select
    a.attname::pg_catalog.text as name,
    t.typname::pg_catalog.text operator(pg_catalog.||) coalesce((
        select '(' operator(pg_catalog.||) m.length::pg_catalog.text operator(pg_catalog.||) ')'
        where m.length operator(pg_catalog.>) 0
    ), '') as type,
    not (a.attnotnull or (d.typtype operator(pg_catalog.=) 'd' and d.typnotnull)) as nullable,
    case
        when a.attgenerated operator(pg_catalog.=) '' then pg_catalog.pg_get_expr(ad.adbin, ad.adrelid)
    end as "default",
    a.attnum::pg_catalog.int4 as position,
    a.attgenerated operator(pg_catalog.<>) '' as generated,
    a.attidentity operator(pg_catalog.<>) '' as identity,
    pg_catalog.format_type(a.atttypid, a.atttypmod) as full_type,
    case
        when a.attinhcount operator(pg_catalog.>) 0 then (
            -- the one from which all its heirs have it
            select array[n.nspname::pg_catalog.text, c.relname::pg_catalog.text]
            from ancestors
            join pg_catalog.pg_attribute as p
                on p.attrelid operator(pg_catalog.=) ancestors.oid
                and p.attname operator(pg_catalog.=) a.attname
                and p.attinhcount operator(pg_catalog.=) 0
            join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) ancestors.oid
            join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace
            order by c.oid
            limit 1
        )
    end as inherited_from
from wanted
join pg_catalog.pg_attribute as a on a.attrelid operator(pg_catalog.=) wanted.oid
join pg_catalog.pg_type as d on d.oid operator(pg_catalog.=) a.atttypid
join pg_catalog.pg_type as t
    on t.oid operator(pg_catalog.=) case when d.typtype operator(pg_catalog.=) 'd' then d.typbasetype else d.oid end
cross join lateral (
    -- The lengths of character and bit strings; of the first, the modifier has four bytes more.
    select case
        when t.oid operator(pg_catalog.=) any ('{1042,1043}'::pg_catalog.oid[]) then given.typmod operator(pg_catalog.-) 4
        when t.oid operator(pg_catalog.=) any ('{1560,1562}'::pg_catalog.oid[]) then given.typmod
    end as length
    from (
        values (case when d.typtype operator(pg_catalog.=) 'd' then d.typtypmod else a.atttypmod end)
    ) as given(typmod)
) as m
left join pg_catalog.pg_attrdef as ad
    on ad.adrelid operator(pg_catalog.=) a.attrelid and ad.adnum operator(pg_catalog.=) a.attnum
where
    a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
order by a.attnum

-- query: table_columns
-- The columns of each table, in the terms of v1's metadata as well. Left out are tables whose columns are not all in
-- their own definitions: heirs, and tables of a type. A column of a domain has the type and the nullability that the
-- domain has at the time.
select
    (pg_identify_object('pg_class'::regclass, c.oid, 0)).identity as identity,
    jsonb_object_agg(a.attname, jsonb_build_object(
        'position', a.attnum,
        'type', t.typname || case
            when t.typname in ('bpchar', 'varchar') and a.atttypmod > 4 then format('(%s)', a.atttypmod - 4)
            when t.typname in ('bit', 'varbit') and a.atttypmod > 0 then format('(%s)', a.atttypmod)
            else ''
        end,
        'nullable', not a.attnotnull,
        'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
        'of_domain', t.typtype = 'd',
        'of_partition', c.relispartition
    ))::text as columns
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type as t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where
    c.relkind in ('r', 'p')
    and {hidden:n}
    and c.reloftype = 0
    and (c.relispartition or not exists (select from pg_catalog.pg_inherits as i where i.inhrelid = c.oid))
group by c.oid
