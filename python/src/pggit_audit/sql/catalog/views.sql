-- Views, and sequences.

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

-- kind: VIEW
select
    'pg_class'::regclass::oid as classid,
    c.oid as objid,
    'VIEW' as object_type,
    n.nspname::text as object_schema,
    c.relname::text as object_name,
    format('%I.%I', n.nspname, c.relname) as object_identity,
    -- A routine may take or give rows of the view, and the view call the routine: then its columns come first.
    case
        when not circle.exists then 'CREATE VIEW '
        else (
            select
                format(E'CREATE VIEW %I.%I AS\n SELECT ', n.nspname, c.relname)
                || string_agg(
                    format('NULL::%s%s AS %I', format_type(a.atttypid, a.atttypmod), coalesce(
                        (
                            select format(' COLLATE %I.%I', cn.nspname, co.collname)
                            from pg_catalog.pg_collation as co
                            join pg_catalog.pg_namespace as cn on cn.oid = co.collnamespace
                            join pg_catalog.pg_type as b on b.oid = a.atttypid and b.typcollation <> co.oid
                            where co.oid = a.attcollation
                        ), ''
                    ), a.attname),
                    E',\n    ' order by a.attnum
                )
                || E';\nCREATE OR REPLACE VIEW '
            from pg_catalog.pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        )
    end
    || format('%I.%I', n.nspname, c.relname)
    || coalesce((
        select ' WITH (' || string_agg(split_part(o.text, '=', 1) || '=' || quote_literal(substr(o.text, strpos(o.text, '=') + 1)), ', ' order by o.place) || ')'
        from unnest(c.reloptions) with ordinality as o (text, place)
    ), '')
    || E' AS\n' || pg_get_viewdef(c.oid)
    || coalesce((
        select string_agg(format(E'\nALTER VIEW %I.%I ALTER COLUMN %I SET DEFAULT %s;', n.nspname, c.relname, a.attname, pg_get_expr(ad.adbin, ad.adrelid)), '' order by a.attnum)
        from pg_catalog.pg_attrdef as ad
        join pg_catalog.pg_attribute as a on a.attrelid = ad.adrelid and a.attnum = ad.adnum
        where ad.adrelid = c.oid
    ), '')
    || coalesce((
        {query:relation_comments}
    ), '') as definition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select
        exists (
            select from pg_catalog.pg_depend as d
            where d.classid = 'pg_proc'::regclass and d.refobjid in (c.oid, c.reltype, r.typarray)
        )
        and exists (
            with recursive needed (classid, objid) as (
                select 'pg_class'::regclass::oid, c.oid
                union
                select
                    case when y.typrelid <> 0 then 'pg_class'::regclass::oid else d.refclassid end,
                    case when y.typrelid <> 0 then y.typrelid else d.refobjid end
                from needed as x
                cross join lateral (
                    select x.classid, x.objid
                    union all
                    select 'pg_rewrite'::regclass::oid, w.oid
                    from pg_catalog.pg_rewrite as w
                    where x.classid = 'pg_class'::regclass and w.ev_class = x.objid
                ) as z
                join pg_catalog.pg_depend as d
                    on d.classid = z.classid and d.objid = z.objid and d.refobjid >= 16384 and d.deptype in ('n', 'a')
                    and d.refclassid in ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
                left join pg_catalog.pg_type as t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
                left join pg_catalog.pg_type as y on y.oid = case when t.typelem <> 0 and t.typrelid = 0 then t.typelem else t.oid end
            )
            select from needed as x
            join pg_catalog.pg_depend as d
                on d.classid = x.classid and d.objid = x.objid and d.refobjid in (c.oid, c.reltype, r.typarray)
            where x.classid = 'pg_proc'::regclass
        ) as exists
    from pg_catalog.pg_type as r
    where r.oid = c.reltype
) as circle
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
        select ' WITH (' || string_agg(split_part(o.text, '=', 1) || '=' || quote_literal(substr(o.text, strpos(o.text, '=') + 1)), ', ' order by o.place) || ')'
        from unnest(c.reloptions) with ordinality as o (text, place)
    ), '')
    || E' AS\n' || rtrim(pg_get_viewdef(c.oid), ';') || E'\n  WITH NO DATA;'
    || coalesce((
        select string_agg(format(E'\nALTER TABLE ONLY %I.%I ALTER COLUMN %I %s;', n.nspname, c.relname, a.attname, x.action), '' order by a.attnum, x.action collate "C")
        from pg_catalog.pg_attribute as a
        join pg_catalog.pg_type as t on t.oid = a.atttypid
        cross join lateral (
            {query:column_settings}
        ) as x
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ), '')
    || {extensions:format('MATERIALIZED VIEW %I.%I', n.nspname, c.relname)|c.oid|pg_class}
    || coalesce((
        {query:relation_comments}
    ), '') as definition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'm' and {only:c.oid} and {hidden:n} and {member:pg_class:c.oid}
