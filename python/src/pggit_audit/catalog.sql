-- Reads the complete definition of every versioned object from PostgreSQL's catalog (14 to 18).
--
-- One query per kind, each headed by `-- kind: NAME`. All return the same columns:
--   classid oid, objid oid, object_type text, object_schema text, object_name text,
--   object_identity text, definition text.
-- Run them with an empty search_path, so that PostgreSQL prints every name with its schema.
-- `{only:EXPRESSION}` becomes `true`, or a test of EXPRESSION against the parameter `oids`.
-- `{hidden:EXPRESSION}` excludes system schemas, and those in the parameter `hidden`.
-- `{written:XMIN}` tests whether that transaction id is the parameter `horizon` or a later one.
-- `{relations:EXPRESSION}` tests whether that relation was locked, `{with_indexes:EXPRESSION}` whether it or its table
-- was, `{with_tables:EXPRESSION}` whether it or an index of it was.
-- `{member:CATALOG:EXPRESSION}` excludes what belongs to an extension: its CREATE EXTENSION stands for it.

-- kind: SCHEMA
-- An extension is written with the schema that it lives in: it has no history of its own.
select
    'pg_namespace'::regclass::oid as classid,
    n.oid as objid,
    'SCHEMA' as object_type,
    n.nspname::text as object_schema,
    n.nspname::text as object_name,
    quote_ident(n.nspname) as object_identity,
    case when n.nspname = 'public' then 'CREATE SCHEMA IF NOT EXISTS ' else 'CREATE SCHEMA ' end
    || quote_ident(n.nspname) || ';'
    || coalesce((
        select string_agg(
            format(E'\nCREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I;', e.extname, n.nspname),
            '' order by e.extname collate "C"
        )
        from pg_catalog.pg_extension as e
        where e.extnamespace = n.oid
    ), '')
    || case
        when n.nspname = 'public' and obj_description(n.oid, 'pg_namespace') = 'standard public schema' then ''
        else coalesce(
            format(E'\nCOMMENT ON SCHEMA %I IS ', n.nspname) || quote_literal(obj_description(n.oid, 'pg_namespace')) || ';', ''
        )
    end as definition
from pg_catalog.pg_namespace as n
where {only:n.oid} and {hidden:n} and {member:pg_namespace:n.oid}

-- kind: TYPE
select
    'pg_type'::regclass::oid as classid,
    t.oid as objid,
    'TYPE' as object_type,
    n.nspname::text as object_schema,
    t.typname::text as object_name,
    format('%I.%I', n.nspname, t.typname) as object_identity,
    case t.typtype
        when 'e' then format('CREATE TYPE %I.%I AS ENUM (', n.nspname, t.typname)
        || coalesce((
            select string_agg(E'\n    ' || quote_literal(e.enumlabel), ',' order by e.enumsortorder)
            from pg_catalog.pg_enum as e
            where e.enumtypid = t.oid
        ) || E'\n', '')
        || ');'
        when 'd' then format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod))
        || coalesce((
            select format(' COLLATE %I.%I', cn.nspname, co.collname)
            from pg_catalog.pg_collation as co
            join pg_catalog.pg_namespace as cn on cn.oid = co.collnamespace
            join pg_catalog.pg_type as b on b.oid = t.typbasetype and b.typcollation <> co.oid
            where co.oid = t.typcollation
        ), '')
        || case when t.typnotnull then ' NOT NULL' else '' end
        || coalesce(' DEFAULT ' || t.typdefault, '')
        || coalesce((
            select string_agg(
                format(E'\n    CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)),
                '' order by k.conname collate "C"
            )
            from pg_catalog.pg_constraint as k
            where k.contypid = t.oid and k.contype = 'c' and k.convalidated
        ), '')
        || ';'
        || coalesce((
            select string_agg(
                format(E'\nALTER DOMAIN %I.%I ADD CONSTRAINT %I %s;', n.nspname, t.typname, k.conname, pg_get_constraintdef(k.oid)),
                '' order by k.conname collate "C"
            )
            from pg_catalog.pg_constraint as k
            where k.contypid = t.oid and k.contype = 'c' and not k.convalidated
        ), '')
        || coalesce((
            select string_agg(
                format(
                    E'\nCOMMENT ON CONSTRAINT %I ON DOMAIN %I.%I IS %L;',
                    k.conname, n.nspname, t.typname, d.description
                ),
                '' order by k.conname collate "C"
            )
            from pg_catalog.pg_constraint as k
            join pg_catalog.pg_description as d
                on d.classoid = 'pg_constraint'::regclass and d.objoid = k.oid and d.objsubid = 0
            where k.contypid = t.oid
        ), '')
        when 'c' then format('CREATE TYPE %I.%I AS (', n.nspname, t.typname)
        || coalesce((
            select string_agg(
                format(E'\n    %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                || coalesce((
                    select format(' COLLATE %I.%I', cn.nspname, co.collname)
                    from pg_catalog.pg_collation as co
                    join pg_catalog.pg_namespace as cn on cn.oid = co.collnamespace
                    join pg_catalog.pg_type as b on b.oid = a.atttypid and b.typcollation <> co.oid
                    where co.oid = a.attcollation
                ), ''),
                ',' order by a.attnum
            )
            from pg_catalog.pg_attribute as a
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        ) || E'\n', '')
        || ');'
        || coalesce((
            select string_agg(
                format(E'\nCOMMENT ON COLUMN %I.%I.%I IS %L;', n.nspname, t.typname, a.attname, d.description),
                '' order by a.attnum
            )
            from pg_catalog.pg_attribute as a
            join pg_catalog.pg_description as d
                on d.classoid = 'pg_class'::regclass and d.objoid = t.typrelid and d.objsubid = a.attnum
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        ), '')
        when 'r' then (
            select
                format('CREATE TYPE %I.%I AS RANGE (', n.nspname, t.typname)
                || E'\n    subtype = ' || format_type(r.rngsubtype, null)
                || coalesce((
                    select format(E',\n    subtype_opclass = %I.%I', ocn.nspname, oc.opcname)
                    from pg_catalog.pg_opclass as oc
                    join pg_catalog.pg_namespace as ocn on ocn.oid = oc.opcnamespace
                    where oc.oid = r.rngsubopc and not oc.opcdefault
                ), '')
                || coalesce((
                    select format(E',\n    collation = %I.%I', cn.nspname, co.collname)
                    from pg_catalog.pg_collation as co
                    join pg_catalog.pg_namespace as cn on cn.oid = co.collnamespace
                    join pg_catalog.pg_type as b on b.oid = r.rngsubtype and b.typcollation <> co.oid
                    where co.oid = r.rngcollation
                ), '')
                || case when r.rngcanonical <> 0 then E',\n    canonical = ' || r.rngcanonical::text else '' end
                || case when r.rngsubdiff <> 0 then E',\n    subtype_diff = ' || r.rngsubdiff::text else '' end
                || E',\n    multirange_type_name = ' || format_type(r.rngmultitypid, null)
                || E'\n);'
            from pg_catalog.pg_range as r
            where r.rngtypid = t.oid
        )
    end
    || coalesce(
        format(E'\nCOMMENT ON %s %I.%I IS ', 
            case t.typtype when 'd' then 'DOMAIN' else 'TYPE' end,
            n.nspname, t.typname) || quote_literal(obj_description(t.oid, 'pg_type')) || ';', ''
    ) as definition
from pg_catalog.pg_type as t
join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
left join pg_catalog.pg_class as c on c.oid = t.typrelid
where
    (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c'))
    and {only:t.oid} and {hidden:n} and {member:pg_type:t.oid}

-- kind: SEQUENCE
-- The sequence of an identity column is part of that column, and not listed.
select
    'pg_class'::regclass::oid as classid,
    c.oid as objid,
    'SEQUENCE' as object_type,
    n.nspname::text as object_schema,
    c.relname::text as object_name,
    format('%I.%I', n.nspname, c.relname) as object_identity,
    case when c.relpersistence = 'u' then 'CREATE UNLOGGED SEQUENCE ' else 'CREATE SEQUENCE ' end
    || format(
        '%I.%I AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s;',
        n.nspname, c.relname, format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
        s.seqcache, case when s.seqcycle then ' CYCLE' else '' end
    )
    || coalesce((
        select
            format(
                E'\nALTER SEQUENCE %I.%I OWNED BY %I.%I.%I;', n.nspname, c.relname, tn.nspname, tc.relname, a.attname
            )
        from pg_catalog.pg_depend as d
        join pg_catalog.pg_class as tc on tc.oid = d.refobjid
        join pg_catalog.pg_namespace as tn on tn.oid = tc.relnamespace
        join pg_catalog.pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where
            d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
            and d.refclassid = 'pg_class'::regclass and d.deptype = 'a' and d.refobjsubid > 0
    ), '')
    || coalesce(
        format(E'\nCOMMENT ON SEQUENCE %I.%I IS ', n.nspname, c.relname) || quote_literal(obj_description(c.oid, 'pg_class')) || ';', ''
    ) as definition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_sequence as s on s.seqrelid = c.oid
where
    c.relkind = 'S'
    and not exists (
        select from pg_catalog.pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i'
    )
    and {only:c.oid} and {hidden:n} and {member:pg_class:c.oid}

-- kind: TABLE
-- A partition is written as a table of its own, then attached: so its column order survives.
-- Names of NOT NULL constraints that the server made up (18 and later) are left out: a dump and
-- restore makes them anew.
select
    'pg_class'::regclass::oid as classid,
    c.oid as objid,
    'TABLE' as object_type,
    n.nspname::text as object_schema,
    c.relname::text as object_name,
    format('%I.%I', n.nspname, c.relname) as object_identity,
    case when c.relpersistence = 'u' then 'CREATE UNLOGGED TABLE ' else 'CREATE TABLE ' end
    || format('%I.%I (', n.nspname, c.relname)
    || coalesce((
        select string_agg(E'\n    ' || line.body, ',' order by line.part, line.place, line.body collate "C")
        from (
            select
                1 as part,
                a.attnum::integer as place,
                format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                || coalesce((
                    select format(' COLLATE %I.%I', cn.nspname, co.collname)
                    from pg_catalog.pg_collation as co
                    join pg_catalog.pg_namespace as cn on cn.oid = co.collnamespace
                    join pg_catalog.pg_type as b on b.oid = a.atttypid and b.typcollation <> co.oid
                    where co.oid = a.attcollation
                ), '')
                || case
                    when a.attgenerated = 's' then format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(ad.adbin, ad.adrelid))
                    when a.attgenerated = 'v' then format(' GENERATED ALWAYS AS (%s)', pg_get_expr(ad.adbin, ad.adrelid))
                    -- Up to 16 a partition has identities of its own or none; since then it shares those of its parent.
                    when
                        a.attidentity <> ''
                        and (not c.relispartition or exists (
                            select from pg_catalog.pg_depend as d
                            where
                                d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum
                                and d.classid = 'pg_class'::regclass and d.deptype = 'i'
                        ))
                        then case a.attidentity when 'a' then ' GENERATED ALWAYS AS IDENTITY' else ' GENERATED BY DEFAULT AS IDENTITY' end
                        || coalesce((
                            -- Limits are those of the column's type: of its sequence's own type a dump keeps nothing either.
                            select ' (' || options.text || ')'
                            from (
                                select
                                    concat_ws(
                                        ' ',
                                        case
                                            when sc.relname <> c.relname || '_' || a.attname || '_seq' or sc.relnamespace <> c.relnamespace
                                                then format('SEQUENCE NAME %I.%I', sn.nspname, sc.relname)
                                        end,
                                        case when s.seqstart <> case when s.seqincrement > 0 then s.seqmin else s.seqmax end then 'START WITH ' || s.seqstart end,
                                        case when s.seqincrement <> 1 then 'INCREMENT BY ' || s.seqincrement end,
                                        case
                                            when s.seqmin <> case when s.seqincrement > 0 then 1 when a.atttypid = 21 then -32768 when a.atttypid = 23 then -2147483648 else -9223372036854775808 end
                                                then 'MINVALUE ' || s.seqmin
                                        end,
                                        case
                                            when s.seqmax <> case when s.seqincrement < 0 then -1 when a.atttypid = 21 then 32767 when a.atttypid = 23 then 2147483647 else 9223372036854775807 end
                                                then 'MAXVALUE ' || s.seqmax
                                        end,
                                        case when s.seqcache <> 1 then 'CACHE ' || s.seqcache end,
                                        case when s.seqcycle then 'CYCLE' end
                                    ) as text
                                from pg_catalog.pg_depend as d
                                join pg_catalog.pg_sequence as s on s.seqrelid = d.objid
                                join pg_catalog.pg_class as sc on sc.oid = d.objid
                                join pg_catalog.pg_namespace as sn on sn.oid = sc.relnamespace
                                where
                                    d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum
                                    and d.classid = 'pg_class'::regclass and d.deptype = 'i'
                            ) as options
                            where options.text <> ''
                        ), '')
                    else coalesce(' DEFAULT ' || pg_get_expr(ad.adbin, ad.adrelid), '')
                end
                || case
                    when not a.attnotnull then ''
                    else coalesce((
                        select
                            case when k.conname not like '%not\_null%' then format(' CONSTRAINT %I', k.conname) else '' end
                            || ' NOT NULL' || case when k.connoinherit then ' NO INHERIT' else '' end
                        from pg_catalog.pg_constraint as k
                        where k.conrelid = c.oid and k.contype = 'n' and k.convalidated and k.conkey = array[a.attnum]
                    ), case when exists (
                        select from pg_catalog.pg_constraint as k
                        where k.conrelid = c.oid and k.contype = 'n' and not k.convalidated and k.conkey = array[a.attnum]
                    ) then '' else ' NOT NULL' end)
                end as body
            from pg_catalog.pg_attribute as a
            left join pg_catalog.pg_attrdef as ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and (a.attislocal or c.relispartition)
            union all
            select
                2 as part,
                0 as place,
                format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)) as body
            from pg_catalog.pg_constraint as k
            where k.conrelid = c.oid and k.contype = 'c' and k.convalidated and (k.conislocal or c.relispartition)
        ) as line
    ) || E'\n', '')
    || ')'
    || case
        when c.relispartition then ''
        else coalesce((
            select ' INHERITS (' || string_agg(format('%I.%I', pn.nspname, pc.relname), ', ' order by i.inhseqno) || ')'
            from pg_catalog.pg_inherits as i
            join pg_catalog.pg_class as pc on pc.oid = i.inhparent
            join pg_catalog.pg_namespace as pn on pn.oid = pc.relnamespace
            where i.inhrelid = c.oid
        ), '')
    end
    || case when c.relkind = 'p' then ' PARTITION BY ' || pg_get_partkeydef(c.oid) else '' end
    || coalesce((select format(' USING %I', am.amname) from pg_catalog.pg_am as am where am.oid = c.relam and am.amname <> 'heap'), '')
    || coalesce((
        select ' WITH (' || string_agg(opt.name || '=' || quote_literal(opt.value), ', ' order by opt.name collate "C") || ')'
        from (
            select quote_ident(split_part(o, '=', 1)) as name, substr(o, strpos(o, '=') + 1) as value
            from unnest(c.reloptions) as o
            union all
            select 'toast.' || quote_ident(split_part(o, '=', 1)) as name, substr(o, strpos(o, '=') + 1) as value
            from pg_catalog.pg_class as tc, unnest(tc.reloptions) as o
            where tc.oid = c.reltoastrelid
        ) as opt
    ), '')
    || ';'
    || coalesce((
        select string_agg(
            format(
                E'\nALTER TABLE ONLY %I.%I ATTACH PARTITION %I.%I %s;',
                pn.nspname, pc.relname, n.nspname, c.relname, pg_get_expr(c.relpartbound, c.oid)
            ), ''
        )
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as pc on pc.oid = i.inhparent
        join pg_catalog.pg_namespace as pn on pn.oid = pc.relnamespace
        where i.inhrelid = c.oid and c.relispartition
    ), '')
    || coalesce((
        select string_agg(format(E'\nALTER TABLE ONLY %I.%I ALTER COLUMN %I %s;', n.nspname, c.relname, a.attname, x.action), '' order by a.attnum, x.action collate "C")
        from pg_catalog.pg_attribute as a
        join pg_catalog.pg_type as t on t.oid = a.atttypid
        left join pg_catalog.pg_attrdef as ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
        cross join lateral (
            select 'SET STORAGE ' || case a.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED' end as action
            where a.attstorage <> t.typstorage
            union all
            select 'SET COMPRESSION ' || case a.attcompression when 'p' then 'pglz' else 'lz4' end as action
            where a.attcompression <> ''
            union all
            select 'SET STATISTICS ' || a.attstattarget as action
            where a.attstattarget >= 0
            union all
            -- since the minor releases of November 2026 the server keeps a version of its own among them
            select 'SET (' || string_agg(o, ', ') || ')' as action
            from unnest(a.attoptions) as o
            where not starts_with(o, 'pg_attver=')
            having count(*) > 0
            union all
            select 'SET DEFAULT ' || pg_get_expr(ad.adbin, ad.adrelid) as action
            where not a.attislocal and not c.relispartition and ad.adbin is not null and a.attgenerated = ''
            union all
            select case p.lacks when 'not null' then 'SET NOT NULL' else 'DROP DEFAULT' end as action
            from (
                select
                    unnest(array[
                        case when a.attnotnull and not bool_or(pa.attnotnull) then 'not null' end,
                        case when ad.adbin is null and bool_or(pa.atthasdef) then 'default' end
                    ]) as lacks
                from pg_catalog.pg_inherits as i
                join pg_catalog.pg_attribute as pa on pa.attrelid = i.inhparent and pa.attname = a.attname
                where i.inhrelid = c.oid and not a.attislocal and not c.relispartition
            ) as p
            where p.lacks is not null
        ) as x
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ), '')
    || coalesce((
        select string_agg(
            format(
                E'\nALTER TABLE %s%I.%I ADD CONSTRAINT %I %s;',
                case when k.contype = 'f' and c.relkind = 'p' then '' else 'ONLY ' end,
                n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)
            ),
            '' order by
                case k.contype when 'p' then 1 when 'u' then 2 when 'x' then 3 when 'f' then 5 else 4 end,
                k.conname collate "C"
        )
        from pg_catalog.pg_constraint as k
        where
            k.conrelid = c.oid
            and (
                k.contype in ('p', 'u', 'x')
                or (k.contype = 'f' and k.conparentid = 0)
                or (k.contype in ('c', 'n') and not k.convalidated and (k.conislocal or c.relispartition))
            )
    ), '')
    || case c.relreplident
        when 'f' then format(E'\nALTER TABLE ONLY %I.%I REPLICA IDENTITY FULL;', n.nspname, c.relname)
        when 'n' then format(E'\nALTER TABLE ONLY %I.%I REPLICA IDENTITY NOTHING;', n.nspname, c.relname)
        else ''
    end
    || case when c.relrowsecurity then format(E'\nALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY;', n.nspname, c.relname) else '' end
    || case when c.relforcerowsecurity then format(E'\nALTER TABLE ONLY %I.%I FORCE ROW LEVEL SECURITY;', n.nspname, c.relname) else '' end
    || coalesce((
        select string_agg(
            case
                when a.attnum is null then format(E'\nCOMMENT ON TABLE %I.%I IS %L;', n.nspname, c.relname, d.description)
                else format(E'\nCOMMENT ON COLUMN %I.%I.%I IS %L;', n.nspname, c.relname, a.attname, d.description)
            end,
            '' order by d.objsubid
        )
        from pg_catalog.pg_description as d
        left join pg_catalog.pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
        where d.classoid = 'pg_class'::regclass and d.objoid = c.oid
    ), '')
    || coalesce((
        select string_agg(
            format(E'\nCOMMENT ON CONSTRAINT %I ON %I.%I IS %L;', k.conname, n.nspname, c.relname, d.description),
            '' order by k.conname collate "C"
        )
        from pg_catalog.pg_constraint as k
        join pg_catalog.pg_description as d
            on d.classoid = 'pg_constraint'::regclass and d.objoid = k.oid and d.objsubid = 0
        where k.conrelid = c.oid and (k.contype <> 'n' or k.conname not like '%not\_null%')
    ), '') as definition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and {only:c.oid} and {hidden:n} and {member:pg_class:c.oid}

-- kind: INDEX
select
    'pg_class'::regclass::oid as classid,
    c.oid as objid,
    'INDEX' as object_type,
    n.nspname::text as object_schema,
    c.relname::text as object_name,
    format('%I.%I', n.nspname, c.relname) as object_identity,
    pg_get_indexdef(c.oid) || ';'
    || coalesce((
        select format(E'\nALTER INDEX %I.%I ATTACH PARTITION %I.%I;', pn.nspname, pc.relname, n.nspname, c.relname)
        from pg_catalog.pg_inherits as inh
        join pg_catalog.pg_class as pc on pc.oid = inh.inhparent
        join pg_catalog.pg_namespace as pn on pn.oid = pc.relnamespace
        where inh.inhrelid = c.oid
    ), '')
    || coalesce((
        select string_agg(format(E'\nALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s;', n.nspname, c.relname, a.attnum, a.attstattarget), '' order by a.attnum)
        from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid and a.attstattarget >= 0
    ), '')
    || case when i.indisclustered then format(E'\nALTER TABLE %I.%I CLUSTER ON %I;', tn.nspname, t.relname, c.relname) else '' end
    || case when i.indisreplident then format(E'\nALTER TABLE ONLY %I.%I REPLICA IDENTITY USING INDEX %I;', tn.nspname, t.relname, c.relname) else '' end
    || coalesce(format(E'\nCOMMENT ON INDEX %I.%I IS ', n.nspname, c.relname) || quote_literal(obj_description(c.oid, 'pg_class')) || ';', '') as definition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_index as i on i.indexrelid = c.oid
join pg_catalog.pg_class as t on t.oid = i.indrelid
join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
where c.relkind in ('i', 'I') and {only:c.oid} and {hidden:n} and {member:pg_class:i.indrelid}

-- kind: VIEW
select
    'pg_class'::regclass::oid as classid,
    c.oid as objid,
    'VIEW' as object_type,
    n.nspname::text as object_schema,
    c.relname::text as object_name,
    format('%I.%I', n.nspname, c.relname) as object_identity,
    format('CREATE VIEW %I.%I', n.nspname, c.relname)
    || coalesce((
        select ' WITH (' || string_agg(split_part(o, '=', 1) || '=' || quote_literal(substr(o, strpos(o, '=') + 1)), ', ' order by o collate "C") || ')'
        from unnest(c.reloptions) as o
    ), '')
    || E' AS\n' || pg_get_viewdef(c.oid)
    || coalesce((
        select string_agg(format(E'\nALTER VIEW %I.%I ALTER COLUMN %I SET DEFAULT %s;', n.nspname, c.relname, a.attname, pg_get_expr(ad.adbin, ad.adrelid)), '' order by a.attnum)
        from pg_catalog.pg_attrdef as ad
        join pg_catalog.pg_attribute as a on a.attrelid = ad.adrelid and a.attnum = ad.adnum
        where ad.adrelid = c.oid
    ), '')
    || coalesce((
        select string_agg(
            case
                when a.attnum is null then format(E'\nCOMMENT ON VIEW %I.%I IS %L;', n.nspname, c.relname, d.description)
                else format(E'\nCOMMENT ON COLUMN %I.%I.%I IS %L;', n.nspname, c.relname, a.attname, d.description)
            end,
            '' order by d.objsubid
        )
        from pg_catalog.pg_description as d
        left join pg_catalog.pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
        where d.classoid = 'pg_class'::regclass and d.objoid = c.oid
    ), '') as definition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'v' and {only:c.oid} and {hidden:n} and {member:pg_class:c.oid}

-- kind: MATERIALIZED_VIEW
select
    'pg_class'::regclass::oid as classid,
    c.oid as objid,
    'MATERIALIZED_VIEW' as object_type,
    n.nspname::text as object_schema,
    c.relname::text as object_name,
    format('%I.%I', n.nspname, c.relname) as object_identity,
    format('CREATE MATERIALIZED VIEW %I.%I', n.nspname, c.relname)
    || coalesce((select format(' USING %I', am.amname) from pg_catalog.pg_am as am where am.oid = c.relam and am.amname <> 'heap'), '')
    || coalesce((
        select ' WITH (' || string_agg(split_part(o, '=', 1) || '=' || quote_literal(substr(o, strpos(o, '=') + 1)), ', ' order by o collate "C") || ')'
        from unnest(c.reloptions) as o
    ), '')
    || E' AS\n' || rtrim(pg_get_viewdef(c.oid), ';') || E'\n  WITH NO DATA;'
    || coalesce((
        select string_agg(
            case
                when a.attnum is null then format(E'\nCOMMENT ON MATERIALIZED VIEW %I.%I IS %L;', n.nspname, c.relname, d.description)
                else format(E'\nCOMMENT ON COLUMN %I.%I.%I IS %L;', n.nspname, c.relname, a.attname, d.description)
            end,
            '' order by d.objsubid
        )
        from pg_catalog.pg_description as d
        left join pg_catalog.pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
        where d.classoid = 'pg_class'::regclass and d.objoid = c.oid
    ), '') as definition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'm' and {only:c.oid} and {hidden:n} and {member:pg_class:c.oid}

-- kind: FUNCTION
-- Aggregates are FUNCTIONs here, as in pggit.object_type, which has no kind of their own.
select
    'pg_proc'::regclass::oid as classid,
    p.oid as objid,
    case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end as object_type,
    n.nspname::text as object_schema,
    p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as object_name,
    (pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity as object_identity,
    case
        when p.prokind <> 'a' then rtrim(pg_get_functiondef(p.oid), E'\n') || ';'
        else (
            select
                format('CREATE AGGREGATE %I.%I(%s) (', n.nspname, p.proname, pg_get_function_arguments(p.oid))
                || E'\n    SFUNC = ' || a.aggtransfn::text
                || E',\n    STYPE = ' || format_type(a.aggtranstype, null)
                || case when a.aggtransspace <> 0 then E',\n    SSPACE = ' || a.aggtransspace else '' end
                || case when a.aggfinalfn <> 0 then E',\n    FINALFUNC = ' || a.aggfinalfn::text else '' end
                || case when a.aggfinalfn <> 0 and a.aggfinalextra then E',\n    FINALFUNC_EXTRA' else '' end
                || case
                    when a.aggfinalfn <> 0 and a.aggfinalmodify <> case when a.aggkind = 'n' then 'r' else 'w' end
                        then E',\n    FINALFUNC_MODIFY = ' || case a.aggfinalmodify when 'r' then 'READ_ONLY' when 's' then 'SHAREABLE' else 'READ_WRITE' end
                    else ''
                end
                || case when a.aggcombinefn <> 0 then E',\n    COMBINEFUNC = ' || a.aggcombinefn::text else '' end
                || case when a.aggserialfn <> 0 then E',\n    SERIALFUNC = ' || a.aggserialfn::text else '' end
                || case when a.aggdeserialfn <> 0 then E',\n    DESERIALFUNC = ' || a.aggdeserialfn::text else '' end
                || coalesce(E',\n    INITCOND = ' || quote_literal(a.agginitval), '')
                || case when a.aggmtransfn <> 0 then E',\n    MSFUNC = ' || a.aggmtransfn::text || E',\n    MINVFUNC = ' || a.aggminvtransfn::text || E',\n    MSTYPE = ' || format_type(a.aggmtranstype, null) else '' end
                || case when a.aggmtransspace <> 0 then E',\n    MSSPACE = ' || a.aggmtransspace else '' end
                || case when a.aggmfinalfn <> 0 then E',\n    MFINALFUNC = ' || a.aggmfinalfn::text else '' end
                || case when a.aggmfinalfn <> 0 and a.aggmfinalextra then E',\n    MFINALFUNC_EXTRA' else '' end
                || coalesce(E',\n    MINITCOND = ' || quote_literal(a.aggminitval), '')
                || case when a.aggsortop <> 0 then E',\n    SORTOP = ' || (select format('OPERATOR(%I.%s)', opn.nspname, o.oprname) from pg_catalog.pg_operator as o join pg_catalog.pg_namespace as opn on opn.oid = o.oprnamespace where o.oid = a.aggsortop) else '' end
                || case when a.aggkind = 'h' then E',\n    HYPOTHETICAL' else '' end
                || case p.proparallel when 's' then E',\n    PARALLEL = SAFE' when 'r' then E',\n    PARALLEL = RESTRICTED' else '' end
                || E'\n);'
            from pg_catalog.pg_aggregate as a
            where a.aggfnoid = p.oid
        )
    end
    || coalesce(
        format(E'\nCOMMENT ON %s %I.%I(%s) IS ', 
            case p.prokind when 'p' then 'PROCEDURE' when 'a' then 'AGGREGATE' else 'FUNCTION' end,
            n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) || quote_literal(obj_description(p.oid, 'pg_proc')) || ';', ''
    ) as definition
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where
    {only:p.oid} and {hidden:n} and {member:pg_proc:p.oid}
    and not exists (
        select from pg_catalog.pg_depend as d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i'
    )

-- kind: TRIGGER
select
    'pg_trigger'::regclass::oid as classid,
    g.oid as objid,
    'TRIGGER' as object_type,
    n.nspname::text as object_schema,
    g.tgname::text as object_name,
    format('%I on %I.%I', g.tgname, n.nspname, c.relname) as object_identity,
    pg_get_triggerdef(g.oid) || ';'
    || case g.tgenabled
        when 'D' then format(E'\nALTER TABLE %I.%I DISABLE TRIGGER %I;', n.nspname, c.relname, g.tgname)
        when 'R' then format(E'\nALTER TABLE %I.%I ENABLE REPLICA TRIGGER %I;', n.nspname, c.relname, g.tgname)
        when 'A' then format(E'\nALTER TABLE %I.%I ENABLE ALWAYS TRIGGER %I;', n.nspname, c.relname, g.tgname)
        else ''
    end
    || coalesce(format(E'\nCOMMENT ON TRIGGER %I ON %I.%I IS ', g.tgname, n.nspname, c.relname) || quote_literal(obj_description(g.oid, 'pg_trigger')) || ';', '') as definition
from pg_catalog.pg_trigger as g
join pg_catalog.pg_class as c on c.oid = g.tgrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where not g.tgisinternal and g.tgparentid = 0 and {only:g.oid} and {hidden:n} and {member:pg_class:c.oid}

-- kind: POLICY
select
    'pg_policy'::regclass::oid as classid,
    p.oid as objid,
    'POLICY' as object_type,
    n.nspname::text as object_schema,
    p.polname::text as object_name,
    format('%I on %I.%I', p.polname, n.nspname, c.relname) as object_identity,
    format('CREATE POLICY %I ON %I.%I', p.polname, n.nspname, c.relname)
    || case when p.polpermissive then '' else ' AS RESTRICTIVE' end
    || case p.polcmd when 'r' then ' FOR SELECT' when 'a' then ' FOR INSERT' when 'w' then ' FOR UPDATE' when 'd' then ' FOR DELETE' else '' end
    || case
        when p.polroles = '{0}' then ''
        else ' TO ' || (
            select string_agg(case when r.oid = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(r.oid)) end, ', ' order by pg_get_userbyid(r.oid) collate "C")
            from unnest(p.polroles) as r (oid)
        )
    end
    || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
    || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
    || ';'
    || coalesce(format(E'\nCOMMENT ON POLICY %I ON %I.%I IS ', p.polname, n.nspname, c.relname) || quote_literal(obj_description(p.oid, 'pg_policy')) || ';', '') as definition
from pg_catalog.pg_policy as p
join pg_catalog.pg_class as c on c.oid = p.polrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where {only:p.oid} and {hidden:n} and {member:pg_class:c.oid}

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

-- written: pg_namespace
select 'pg_namespace'::regclass::oid as classid, oid as objid
from pg_catalog.pg_namespace
where oid >= 16384 and {written:xmin}

-- written: pg_class
select 'pg_class'::regclass::oid as classid, oid as objid
from pg_catalog.pg_class
where {with_indexes:oid} and relkind in ('r', 'p', 'i', 'I', 'v', 'm', 'S') and {written:xmin}
union all
select 'pg_class'::regclass::oid as classid, d.refobjid as objid
from (select oid from pg_catalog.pg_class where {relations:oid} and relkind = 'S' and {written:xmin} offset 0) as s
join pg_catalog.pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype = 'i'

-- written: pg_attribute
select
    case when c.relkind = 'c' then 'pg_type'::regclass::oid else 'pg_class'::regclass::oid end as classid,
    case when c.relkind = 'c' then c.reltype else c.oid end as objid
from pg_catalog.pg_attribute as a
cross join lateral (select oid, relkind, reltype from pg_catalog.pg_class where pg_class.oid = a.attrelid offset 0) as c
where {relations:a.attrelid} and {written:a.xmin}

-- written: pg_attrdef
select 'pg_class'::regclass::oid as classid, adrelid as objid
from pg_catalog.pg_attrdef
where {relations:adrelid} and {written:xmin}

-- written: pg_constraint
-- A constraint takes the new name of its index.
select 'pg_class'::regclass::oid as classid, conrelid as objid
from pg_catalog.pg_constraint
where {with_tables:conrelid} and {written:xmin}
union all
select 'pg_type'::regclass::oid as classid, contypid as objid
from pg_catalog.pg_constraint
where contypid >= 16384 and {written:xmin}

-- written: pg_index
select 'pg_class'::regclass::oid as classid, indexrelid as objid
from pg_catalog.pg_index
where {with_indexes:indexrelid} and {written:xmin}

-- written: pg_inherits
select 'pg_class'::regclass::oid as classid, inhrelid as objid
from pg_catalog.pg_inherits
where {relations:inhrelid} and {written:xmin}

-- written: pg_rewrite
select 'pg_class'::regclass::oid as classid, ev_class as objid
from pg_catalog.pg_rewrite
where {relations:ev_class} and {written:xmin}

-- written: pg_sequence
-- Every ALTER SEQUENCE writes its row, OWNED BY too.
select 'pg_class'::regclass::oid as classid, seqrelid as objid
from pg_catalog.pg_sequence
where {relations:seqrelid} and {written:xmin}
union all
select 'pg_class'::regclass::oid as classid, d.refobjid as objid
from (select seqrelid from pg_catalog.pg_sequence where {relations:seqrelid} and {written:xmin} offset 0) as s
join pg_catalog.pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.deptype = 'i'

-- written: pg_trigger
select 'pg_trigger'::regclass::oid as classid, oid as objid
from pg_catalog.pg_trigger
where {relations:tgrelid} and not tgisinternal and {written:xmin}

-- written: pg_policy
select 'pg_policy'::regclass::oid as classid, oid as objid
from pg_catalog.pg_policy
where {relations:polrelid} and {written:xmin}

-- written: pg_proc
select 'pg_proc'::regclass::oid as classid, oid as objid
from pg_catalog.pg_proc
where oid >= 16384 and {written:xmin}

-- written: pg_type
select 'pg_type'::regclass::oid as classid, t.oid as objid
from pg_catalog.pg_type as t
where
    t.typtype in ('e', 'd', 'r', 'c') and {written:t.xmin}
    and (t.typrelid = 0 or (select c.relkind from pg_catalog.pg_class as c where c.oid = t.typrelid) = 'c')

-- written: pg_enum
select 'pg_type'::regclass::oid as classid, enumtypid as objid
from pg_catalog.pg_enum
where {written:xmin}

-- written: pg_extension
select 'pg_namespace'::regclass::oid as classid, extnamespace as objid
from pg_catalog.pg_extension
where {written:xmin}

-- written: pg_description
select
    case
        when k.conrelid <> 0 then 'pg_class'::regclass::oid
        when k.oid is not null or c.relkind = 'c' then 'pg_type'::regclass::oid
        else d.classoid
    end as classid,
    case
        when k.conrelid <> 0 then k.conrelid
        when k.oid is not null then k.contypid
        when c.relkind = 'c' then c.reltype
        else d.objoid
    end as objid
from pg_catalog.pg_description as d
left join pg_catalog.pg_constraint as k on d.classoid = 'pg_constraint'::regclass and k.oid = d.objoid
left join pg_catalog.pg_class as c on d.classoid = 'pg_class'::regclass and c.oid = d.objoid
where d.objoid >= 16384 and {written:d.xmin}
union all
-- the schema public came with the server
select d.classoid as classid, d.objoid as objid
from pg_catalog.pg_namespace as n
join pg_catalog.pg_description as d on d.objoid = n.oid and d.classoid = 'pg_namespace'::regclass
where n.oid < 16384 and {written:d.xmin}

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
    select t.typarray from pg_catalog.pg_type as t join changed on changed.oid = t.oid where t.typarray <> 0
    union
    select t.typarray
    from pg_catalog.pg_class as c
    join changed on changed.oid = c.oid
    join pg_catalog.pg_type as t on t.oid = c.reltype
    where t.typarray <> 0
    union
    select k.oid from pg_catalog.pg_constraint as k join changed on changed.oid = k.conrelid where k.contype in ('p', 'u')
)
, dependents as (
select distinct
    case
        when r.oid is not null or k.conrelid <> 0 or ad.oid is not null then 'pg_class'::regclass::oid
        when k.oid is not null then 'pg_type'::regclass::oid
        when c.relkind = 'c' then 'pg_type'::regclass::oid
        else d.classid
    end as classid,
    case
        when r.oid is not null then r.ev_class
        when k.conrelid <> 0 then k.conrelid
        when k.oid is not null then k.contypid
        when ad.oid is not null then ad.adrelid
        when c.relkind = 'c' then c.reltype
        else d.objid
    end as objid
from referenced
join pg_catalog.pg_depend as d on d.refobjid = referenced.oid
left join pg_catalog.pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
left join pg_catalog.pg_constraint as k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
left join pg_catalog.pg_attrdef as ad on d.classid = 'pg_attrdef'::regclass and ad.oid = d.objid
left join pg_catalog.pg_class as c on d.classid = 'pg_class'::regclass and c.oid = d.objid
where d.deptype in ('n', 'a', 'i', 'P', 'S')
)
select dependents.classid, dependents.objid, c.relkind::text as relkind
from dependents
left join pg_catalog.pg_class as c on dependents.classid = 'pg_class'::regclass and c.oid = dependents.objid

-- query: vanished
-- Of the oids in the parameter of each catalog's name, those that the catalog does not have.
select 'pg_namespace'::regclass::oid as classid, objid
from unnest(%(pg_namespace)s::oid[]) as objid
where not exists (select from pg_catalog.pg_namespace as x where x.oid = objid)
union all
select 'pg_type'::regclass::oid as classid, objid
from unnest(%(pg_type)s::oid[]) as objid
where not exists (select from pg_catalog.pg_type as x where x.oid = objid)
union all
select 'pg_class'::regclass::oid as classid, objid
from unnest(%(pg_class)s::oid[]) as objid
where not exists (select from pg_catalog.pg_class as x where x.oid = objid)
union all
select 'pg_proc'::regclass::oid as classid, objid
from unnest(%(pg_proc)s::oid[]) as objid
where not exists (select from pg_catalog.pg_proc as x where x.oid = objid)
union all
select 'pg_trigger'::regclass::oid as classid, objid
from unnest(%(pg_trigger)s::oid[]) as objid
where not exists (select from pg_catalog.pg_trigger as x where x.oid = objid)
union all
select 'pg_policy'::regclass::oid as classid, objid
from unnest(%(pg_policy)s::oid[]) as objid
where not exists (select from pg_catalog.pg_policy as x where x.oid = objid)

-- query: columns
-- A table's columns in the terms of v1's metadata (FORMATS 1.9), which took them from
-- information_schema: a domain shows as its base type. Run it with the replay's search_path, so that
-- defaults read as v1's did; that path is the history's, so no name here may be looked up in it.
select
    a.attname::pg_catalog.text as name,
    t.typname::pg_catalog.text operator(pg_catalog.||) case
        when t.typname::pg_catalog.text operator(pg_catalog.=) any ('{varchar,bpchar}'::pg_catalog.text[])
            and m.typmod operator(pg_catalog.>) 4
            then '(' operator(pg_catalog.||) (m.typmod operator(pg_catalog.-) 4)::pg_catalog.text operator(pg_catalog.||) ')'
        else ''
    end as type,
    not (a.attnotnull or (d.typtype operator(pg_catalog.=) 'd' and d.typnotnull)) as nullable,
    case
        when a.attgenerated operator(pg_catalog.=) '' then pg_catalog.pg_get_expr(ad.adbin, ad.adrelid)
    end as "default",
    a.attnum::pg_catalog.int4 as position,
    a.attgenerated operator(pg_catalog.<>) '' as generated,
    a.attidentity operator(pg_catalog.<>) '' as identity,
    pg_catalog.format_type(a.atttypid, a.atttypmod) as full_type
from pg_catalog.pg_attribute as a
join pg_catalog.pg_type as d on d.oid operator(pg_catalog.=) a.atttypid
join pg_catalog.pg_type as t
    on t.oid operator(pg_catalog.=) case when d.typtype operator(pg_catalog.=) 'd' then d.typbasetype else d.oid end
cross join lateral (
    select case when d.typtype operator(pg_catalog.=) 'd' then d.typtypmod else a.atttypmod end as typmod
) as m
left join pg_catalog.pg_attrdef as ad
    on ad.adrelid operator(pg_catalog.=) a.attrelid and ad.adnum operator(pg_catalog.=) a.attnum
where
    a.attrelid operator(pg_catalog.=) %(oid)s::pg_catalog.oid
    and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
order by a.attnum
