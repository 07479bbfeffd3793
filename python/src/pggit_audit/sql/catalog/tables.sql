-- Tables, and what hangs on them.

-- query: column_settings
-- How a column is stored and looked at, as actions of ALTER COLUMN.
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

-- query: relation_comments
-- The statements that comment on a relation and its columns, in one text; null where there are none.
select string_agg(
    case
        when a.attnum is null
            then format(
                E'\nCOMMENT ON %s %I.%I IS %L;',
                case c.relkind when 'f' then 'FOREIGN TABLE' when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' else 'TABLE' end,
                n.nspname, c.relname, d.description
            )
        else format(E'\nCOMMENT ON COLUMN %I.%I.%I IS %L;', n.nspname, c.relname, a.attname, d.description)
    end,
    '' order by d.objsubid
)
from pg_catalog.pg_description as d
left join pg_catalog.pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
where d.classoid = 'pg_class'::regclass and d.objoid = c.oid

-- query: own_limits
-- The limits of a sequence `s` that are not those of its type; null where both are.
nullif(concat_ws(
    ' ',
    case
        when s.seqmin <> case when s.seqincrement > 0 then 1 when s.seqtypid = 21 then -32768 when s.seqtypid = 23 then -2147483648 else -9223372036854775808 end
            then 'MINVALUE ' || s.seqmin
    end,
    case
        when s.seqmax <> case when s.seqincrement < 0 then -1 when s.seqtypid = 21 then 32767 when s.seqtypid = 23 then 2147483647 else 9223372036854775807 end
            then 'MAXVALUE ' || s.seqmax
    end
), '')

-- query: own_not_null
-- Whether a table says a valid NOT NULL itself: also where what it inherits is valid with no parent.
k.conislocal or c.relispartition or not exists (  -- since 18
    select from pg_catalog.pg_inherits as i  -- since 18
    join pg_catalog.pg_constraint as pk on pk.conrelid = i.inhparent and pk.contype = 'n' and pk.convalidated  -- since 18
    join pg_catalog.pg_attribute as pa on pa.attrelid = pk.conrelid and pk.conkey = array[pa.attnum]  -- since 18
    where i.inhrelid = c.oid and pa.attname = a.attname and not pk.connoinherit  -- since 18
)

-- query: inheriting
-- How a table comes to inherit whose columns do not stand as CREATE TABLE would put them, those of its parents first: by
-- statements of their own behind it (`later`), where all that it has of its parents is its own as well; else from
-- one parent more, for as long as it is made, that has all columns in their order (`in_order`).
select case when bool_and(x.is_own) then 'later' else 'in_order' end as way
from pg_catalog.pg_inherits as i
cross join lateral (
    select
        not exists (
            select from pg_catalog.pg_attribute as pa
            join pg_catalog.pg_attribute as a on a.attrelid = i.inhrelid and a.attname = pa.attname and a.attnum > 0
            where
                pa.attrelid = i.inhparent and pa.attnum > 0 and not pa.attisdropped
                and (
                    not a.attislocal
                    or (pa.attnotnull and not a.attnotnull)
                    or exists (  -- since 18
                        select from pg_catalog.pg_constraint as k  -- since 18
                        where k.conrelid = a.attrelid and k.contype = 'n' and k.conkey = array[a.attnum] and not k.conislocal  -- since 18
                    )  -- since 18
                )
        )
        and not exists (
            select from pg_catalog.pg_constraint as pk
            join pg_catalog.pg_constraint as k on k.conrelid = i.inhrelid and k.conname = pk.conname
            where pk.conrelid = i.inhparent and pk.contype = 'c' and not pk.connoinherit and not k.conislocal
        ) as is_own
) as x
where i.inhrelid = c.oid and not c.relispartition
having count(*) > 0 and (
    select array_agg(a.attnum order by a.attnum) <> array_agg(a.attnum order by p.place, p.attnum, a.attnum)
    from pg_catalog.pg_attribute as a
    left join lateral (
        select
            pi.inhseqno as place,
            pa.attnum
        from pg_catalog.pg_inherits as pi
        join pg_catalog.pg_attribute as pa on pa.attrelid = pi.inhparent and pa.attname = a.attname and pa.attnum > 0
        where pi.inhrelid = c.oid
        order by pi.inhseqno
        limit 1
    ) as p on true
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
)

-- query: in_order
-- The parent that a table has while it is made: its name, and all columns of the table in their order. Up to 15 only a column
-- that no parent of an heir's generates may be generated by the heir itself; since then only one that they do.
select
    format('%I.%I', n.nspname, 'columns of ' || case when octet_length(c.relname) > 50 then md5(c.relname) else c.relname end) as name,
    string_agg(
        format(E'\n    %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
        || case when p.attstorage <> t.typstorage then ' STORAGE ' || case p.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED' end else '' end  -- since 16
        || case when co.oid is null then '' else format(' COLLATE %I.%I', cn.nspname, co.collname) end
        || case
            when a.attislocal then ''  -- until 15
            when a.attgenerated = 's' then format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(ad.adbin, ad.adrelid))
            when a.attgenerated = 'v' then format(' GENERATED ALWAYS AS (%s)', pg_get_expr(ad.adbin, ad.adrelid))
            else ''
        end,
        ',' order by a.attnum
    ) as columns
from pg_catalog.pg_attribute as a
join pg_catalog.pg_type as t on t.oid = a.atttypid
left join pg_catalog.pg_collation as co on co.oid = a.attcollation and co.oid <> t.typcollation
left join pg_catalog.pg_namespace as cn on cn.oid = co.collnamespace
left join pg_catalog.pg_attrdef as ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
left join lateral (
    select pa.attstorage
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_attribute as pa on pa.attrelid = i.inhparent and pa.attname = a.attname and pa.attnum > 0
    where i.inhrelid = c.oid
    order by i.inhseqno
    limit 1
) as p on true
where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and inheriting.way = 'in_order'
-- what a server of then lets no two parents have
having count(*) > 0 and not bool_or(p.attstorage <> t.typstorage or (a.attgenerated <> '' and a.attislocal and a.attinhcount > 0))  -- until 15
having count(*) > 0  -- since 16

-- kind: TABLE
-- Foreign tables too. A partition is written as a table of its own, then attached: so its column order survives.
-- Since 18 a NOT NULL constraint has a name: it is said where it is not the one that the server would give anew.
select
    'pg_class'::regclass::oid as classid,
    c.oid as objid,
    case c.relkind when 'f' then 'FOREIGN TABLE' else 'TABLE' end as object_type,
    n.nspname::text as object_schema,
    c.relname::text as object_name,
    format('%I.%I', n.nspname, c.relname) as object_identity,
    coalesce('CREATE TABLE ' || in_order.name || ' (' || in_order.columns || E'\n);\n', '')
    || 'CREATE '
    || case when c.relpersistence = 'u' then 'UNLOGGED ' when c.relkind = 'f' then 'FOREIGN ' else '' end
    || format('TABLE %I.%I', n.nspname, c.relname)
    || case when c.reloftype = 0 then '' else ' OF ' || format_type(c.reloftype, null) end
    || coalesce(' (' || (
        select string_agg(E'\n    ' || line.body, ',' order by line.part, line.place, line.body collate "C")
        from (
            select
                1 as part,
                a.attnum::integer as place,
                case
                    when c.reloftype <> 0 then format('%I WITH OPTIONS', a.attname)
                    else format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                end
                || coalesce((
                    select format(' COLLATE %I.%I', cn.nspname, co.collname)
                    from pg_catalog.pg_collation as co
                    join pg_catalog.pg_namespace as cn on cn.oid = co.collnamespace
                    join pg_catalog.pg_type as b on b.oid = a.atttypid and b.typcollation <> co.oid
                    where co.oid = a.attcollation and c.reloftype = 0
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
                            -- Where its sequence has another type than the column, that one sets start and limits, below.
                            select ' (' || options.text || ')'
                            from (
                                select
                                    concat_ws(
                                        ' ',
                                        case
                                            when sc.relname <> c.relname || '_' || a.attname || '_seq' or sc.relnamespace <> c.relnamespace
                                                then format('SEQUENCE NAME %I.%I', sn.nspname, sc.relname)
                                        end,
                                        case when s.seqtypid = a.atttypid and s.seqstart <> case when s.seqincrement > 0 then s.seqmin else s.seqmax end then 'START WITH ' || s.seqstart end,
                                        case when s.seqincrement <> 1 then 'INCREMENT BY ' || s.seqincrement end,
                                        case when s.seqtypid = a.atttypid then {query:own_limits} end,
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
                || case when a.attnotnull then ' NOT NULL' else '' end as body  -- until 17
                || coalesce((  -- since 18
                    select  -- since 18
                        case when k.conname <> concat_ws('_', c.relname, a.attname, 'not_null') then format(' CONSTRAINT %I', k.conname) else '' end  -- since 18
                        || ' NOT NULL' || case when k.connoinherit then ' NO INHERIT' else '' end  -- since 18
                    from pg_catalog.pg_constraint as k  -- since 18
                    where  -- since 18
                        k.conrelid = c.oid and k.contype = 'n' and k.convalidated and k.conkey = array[a.attnum]  -- since 18
                        and ({query:own_not_null})  -- since 18
                ), '') as body  -- since 18
            from pg_catalog.pg_attribute as a
            left join pg_catalog.pg_attrdef as ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
            where
                a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and (a.attislocal or c.relispartition)
                -- a column of a typed table that is as the type has it need not be said
                and (c.reloftype = 0 or a.attnotnull or ad.oid is not null)
            union all
            select
                2 as part,
                0 as place,
                format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)) as body
            from pg_catalog.pg_constraint as k
            where k.conrelid = c.oid and k.contype = 'c' and k.convalidated and (k.conislocal or c.relispartition)
            union all  -- since 18
            select  -- since 18
                2 as part,  -- since 18
                0 as place,  -- since 18
                format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)) as body  -- since 18
            from pg_catalog.pg_constraint as k  -- since 18
            join pg_catalog.pg_attribute as a on a.attrelid = c.oid and k.conkey = array[a.attnum]  -- since 18
            where  -- since 18
                k.conrelid = c.oid and k.contype = 'n' and k.convalidated and not a.attislocal and not c.relispartition  -- since 18
                and ({query:own_not_null})  -- since 18
        ) as line
    ) || E'\n)', case when c.reloftype = 0 then ' ()' else '' end)
    || case
        when c.relispartition then ''
        else coalesce((
            select ' INHERITS (' || concat_ws(', ', in_order.name, string_agg(format('%I.%I', pn.nspname, pc.relname), ', ' order by i.inhseqno)) || ')'
            from pg_catalog.pg_inherits as i
            join pg_catalog.pg_class as pc on pc.oid = i.inhparent
            join pg_catalog.pg_namespace as pn on pn.oid = pc.relnamespace
            where i.inhrelid = c.oid and inheriting.way is distinct from 'later'
            having count(*) > 0
        ), '')
    end
    || case when c.relkind = 'p' then ' PARTITION BY ' || pg_get_partkeydef(c.oid) else '' end
    || coalesce((select format(' USING %I', am.amname) from pg_catalog.pg_am as am where am.oid = c.relam and am.amname <> 'heap'), '')
    || coalesce((
        select format(' SERVER %I', s.srvname) || coalesce(' OPTIONS (' || options.text || ')', '')
        from (select ftserver, ftoptions as options, ftrelid from pg_catalog.pg_foreign_table) as x
        join pg_catalog.pg_foreign_server as s on s.oid = x.ftserver
        cross join lateral (
            {query:options}
        ) as options (text)
        where x.ftrelid = c.oid
    ), '')
    || coalesce((
        select ' WITH (' || string_agg(opt.name || '=' || quote_literal(opt.value), ', ' order by opt.part, opt.place) || ')'
        from (
            select 1 as part, o.place, quote_ident(split_part(o.text, '=', 1)) as name, substr(o.text, strpos(o.text, '=') + 1) as value
            from unnest(c.reloptions) with ordinality as o (text, place)
            union all
            select 2 as part, o.place, 'toast.' || quote_ident(split_part(o.text, '=', 1)) as name, substr(o.text, strpos(o.text, '=') + 1) as value
            from pg_catalog.pg_class as tc, unnest(tc.reloptions) with ordinality as o (text, place)
            where tc.oid = c.reltoastrelid
        ) as opt
    ), '')
    || ';'
    || coalesce(format(E'\nALTER TABLE ONLY %I.%I NO INHERIT ', n.nspname, c.relname) || in_order.name || E';\nDROP TABLE ' || in_order.name || ';', '')
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
        select string_agg(format(E'\nALTER TABLE ONLY %I.%I INHERIT %I.%I;', n.nspname, c.relname, pn.nspname, pc.relname), '' order by i.inhseqno)
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as pc on pc.oid = i.inhparent
        join pg_catalog.pg_namespace as pn on pn.oid = pc.relnamespace
        where i.inhrelid = c.oid and inheriting.way = 'later'
    ), '')
    || coalesce((
        select
            string_agg(
                format(
                    E'\nALTER %sTABLE ONLY %I.%I ALTER COLUMN %I %s;',
                    case c.relkind when 'f' then 'FOREIGN ' else '' end, n.nspname, c.relname, a.attname, x.action
                ),
                '' order by a.attnum, x.action collate "C"
            )
        from pg_catalog.pg_attribute as a
        join pg_catalog.pg_type as t on t.oid = a.atttypid
        left join pg_catalog.pg_attrdef as ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
        cross join lateral (
            {query:column_settings}
            union all
            select 'OPTIONS (' || options.text || ')' as action
            from (select a.attfdwoptions as options) as x
            cross join lateral (
                {query:options}
            ) as options (text)
            where options.text is not null
            union all
            select 'SET DEFAULT ' || pg_get_expr(ad.adbin, ad.adrelid) as action
            where not a.attislocal and not c.relispartition and ad.adbin is not null and a.attgenerated = ''
            union all
            -- what it would get from those that it inherits from, directly or not, when they are made before it
            select p.action
            from (
                with recursive ancestors (oid, is_parent) as (
                    select i.inhparent, true from pg_catalog.pg_inherits as i
                    where i.inhrelid = c.oid and not c.relispartition
                    union
                    select i.inhparent, false from ancestors
                    join pg_catalog.pg_inherits as i on i.inhrelid = ancestors.oid
                )
                select
                    unnest(array[
                        -- a column of its own says it itself
                        case when a.attnotnull and not a.attislocal and not bool_or(pa.attnotnull and ancestors.is_parent) then 'SET NOT NULL' end,  -- until 17
                        case when not a.attnotnull and bool_or(pa.attnotnull) then 'DROP NOT NULL' end,  -- until 17
                        case when ad.adbin is null and bool_or(pa.atthasdef) then 'DROP DEFAULT' end
                    ]) as action
                from ancestors
                join pg_catalog.pg_attribute as pa on pa.attrelid = ancestors.oid and pa.attname = a.attname
            ) as p
            where p.action is not null
        ) as x
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ), '')
    || coalesce((
        select string_agg(
            format(
                E'\nALTER TABLE %s%I.%I ADD CONSTRAINT %I %s;',
                -- children, which are there by then, have a NOT NULL that is not valid for their parent's sake
                case when k.contype = 'n' or (k.contype = 'f' and c.relkind = 'p') then '' else 'ONLY ' end,
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
                or (k.contype = 'c' and not k.convalidated and (k.conislocal or c.relispartition))
                or (k.contype = 'n' and not k.convalidated and k.conislocal)
            )
    ), '')
    -- what a key's index has beside it
    || coalesce((
        select
            string_agg(
                format(E'\nALTER INDEX %I.%I SET (', n.nspname, ic.relname)
                || (
                    select string_agg(quote_ident(split_part(o.text, '=', 1)) || '=' || quote_literal(substr(o.text, strpos(o.text, '=') + 1)), ', ' order by o.place)
                    from unnest(ic.reloptions) with ordinality as o (text, place)
                ) || ');',
                '' order by ic.relname collate "C"
            )
        from pg_catalog.pg_constraint as k
        join pg_catalog.pg_class as ic on ic.oid = k.conindid
        where k.conrelid = c.oid and k.contype in ('p', 'u') and ic.reloptions is not null
    ), '')
    || coalesce((
        select
            string_agg(
                case
                    when s.seqtypid = a.atttypid then ''
                    else format(E'\nALTER SEQUENCE %I.%I ', sn.nspname, sc.relname) || concat_ws(
                        ' ',
                        'AS ' || format_type(s.seqtypid, null),
                        {query:own_limits},
                        -- it has 1 or -1 so far, which need not be within its limits
                        case when s.seqstart <> case when s.seqincrement > 0 then 1 else -1 end then 'START WITH ' || s.seqstart || ' RESTART' end
                    ) || ';'
                end
                || case
                    when sc.relpersistence = c.relpersistence then ''
                    else format(E'\nALTER SEQUENCE %I.%I SET %s;', sn.nspname, sc.relname, case sc.relpersistence when 'u' then 'UNLOGGED' else 'LOGGED' end)
                end
                || {comment:format('SEQUENCE %I.%I', sn.nspname, sc.relname)|sc.oid|pg_class},
                '' order by d.refobjsubid
            )
        from pg_catalog.pg_depend as d
        join pg_catalog.pg_class as sc on sc.oid = d.objid and sc.relkind = 'S'
        join pg_catalog.pg_namespace as sn on sn.oid = sc.relnamespace
        join pg_catalog.pg_sequence as s on s.seqrelid = sc.oid
        join pg_catalog.pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where
            d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid > 0
            and d.classid = 'pg_class'::regclass and d.deptype = 'i'
    ), '')
    || case case when c.relkind <> 'f' then c.relreplident end
        when 'f' then format(E'\nALTER TABLE ONLY %I.%I REPLICA IDENTITY FULL;', n.nspname, c.relname)
        when 'n' then format(E'\nALTER TABLE ONLY %I.%I REPLICA IDENTITY NOTHING;', n.nspname, c.relname)
        else ''
    end
    || case when c.relrowsecurity then format(E'\nALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY;', n.nspname, c.relname) else '' end
    || case when c.relforcerowsecurity then format(E'\nALTER TABLE ONLY %I.%I FORCE ROW LEVEL SECURITY;', n.nspname, c.relname) else '' end
    || coalesce((
        {query:relation_comments}
    ), '')
    || coalesce((
        select string_agg(
            format(E'\nCOMMENT ON CONSTRAINT %I ON %I.%I IS %L;', k.conname, n.nspname, c.relname, d.description),
            '' order by k.conname collate "C"
        )
        from pg_catalog.pg_constraint as k
        join pg_catalog.pg_description as d
            on d.classoid = 'pg_constraint'::regclass and d.objoid = k.oid and d.objsubid = 0
        where k.conrelid = c.oid
    ), '') as definition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join lateral (
    {query:inheriting}
) as inheriting on true
left join lateral (
    {query:in_order}
) as in_order on true
where c.relkind in ('r', 'p', 'f') and {only:c.oid} and {hidden:n} and {member:pg_class:c.oid}

-- kind: INDEX
-- One that was not built to its end is told of, and not made anew, as in a dump.
select
    x.classid,
    x.objid,
    x.object_type,
    x.object_schema,
    x.object_name,
    x.object_identity,
    case
        when x.is_valid then x.definition
        else E'-- INVALID: the index was not built to its end. The server does not use it, and a script leaves it out.\n'
        || regexp_replace(translate(x.definition, E'\r', E'\n'), '^', '-- ', 'gn')
    end as definition
from (
    select
        'pg_class'::regclass::oid as classid,
        c.oid as objid,
        'INDEX' as object_type,
        n.nspname::text as object_schema,
        c.relname::text as object_name,
        format('%I.%I', n.nspname, c.relname) as object_identity,
        (i.indisvalid or t.relkind = 'p') and i.indisready as is_valid,
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
        || {extensions:format('INDEX %I.%I', n.nspname, c.relname)|c.oid|pg_class}
        || coalesce(format(E'\nCOMMENT ON INDEX %I.%I IS ', n.nspname, c.relname) || quote_literal(obj_description(c.oid, 'pg_class')) || ';', '') as definition
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_index as i on i.indexrelid = c.oid
    join pg_catalog.pg_class as t on t.oid = i.indrelid
    join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
    where c.relkind in ('i', 'I') and {only:c.oid} and {hidden:n} and {member:pg_class:i.indrelid}
) as x

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
    -- a partition's copy may be on where its original is off
    || coalesce((
        with recursive copies (oid, relation, state, original_state, depth) as (
            select x.oid, x.tgrelid, x.tgenabled, g.tgenabled, 1
            from pg_catalog.pg_trigger as x
            where x.tgparentid = g.oid
            union all
            select x.oid, x.tgrelid, x.tgenabled, o.state, o.depth + 1
            from copies as o
            join pg_catalog.pg_trigger as x on x.tgparentid = o.oid
        )
        select
            string_agg(
                format(
                    E'\nALTER TABLE %I.%I %s TRIGGER %I;', xn.nspname, xc.relname,
                    case o.state when 'D' then 'DISABLE' when 'R' then 'ENABLE REPLICA' when 'A' then 'ENABLE ALWAYS' else 'ENABLE' end,
                    x.tgname
                ),
                '' order by o.depth, xn.nspname collate "C", xc.relname collate "C"
            )
        from copies as o
        join pg_catalog.pg_trigger as x on x.oid = o.oid
        join pg_catalog.pg_class as xc on xc.oid = o.relation
        join pg_catalog.pg_namespace as xn on xn.oid = xc.relnamespace
        where o.state <> o.original_state
    ), '')
    || {extensions:format('TRIGGER %I ON %I.%I', g.tgname, n.nspname, c.relname)|g.oid|pg_trigger}
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

-- kind: RULE
select
    'pg_rewrite'::regclass::oid as classid,
    r.oid as objid,
    'RULE' as object_type,
    n.nspname::text as object_schema,
    r.rulename::text as object_name,
    format('%I on %I.%I', r.rulename, n.nspname, c.relname) as object_identity,
    pg_get_ruledef(r.oid)
    || case r.ev_enabled
        when 'D' then format(E'\nALTER TABLE %I.%I DISABLE RULE %I;', n.nspname, c.relname, r.rulename)
        when 'R' then format(E'\nALTER TABLE %I.%I ENABLE REPLICA RULE %I;', n.nspname, c.relname, r.rulename)
        when 'A' then format(E'\nALTER TABLE %I.%I ENABLE ALWAYS RULE %I;', n.nspname, c.relname, r.rulename)
        else ''
    end
    || {comment:format('RULE %I ON %I.%I', r.rulename, n.nspname, c.relname)|r.oid|pg_rewrite} as definition
from pg_catalog.pg_rewrite as r
join pg_catalog.pg_class as c on c.oid = r.ev_class
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where r.rulename <> '_RETURN' and {only:r.oid} and {hidden:n} and {member:pg_class:c.oid} and {member:pg_rewrite:r.oid}

-- kind: STATISTICS
select
    'pg_statistic_ext'::regclass::oid as classid,
    s.oid as objid,
    'STATISTICS' as object_type,
    n.nspname::text as object_schema,
    s.stxname::text as object_name,
    format('%I.%I', n.nspname, s.stxname) as object_identity,
    pg_get_statisticsobjdef(s.oid) || ';'
    || case when s.stxstattarget >= 0 then format(E'\nALTER STATISTICS %I.%I SET STATISTICS %s;', n.nspname, s.stxname, s.stxstattarget) else '' end
    || {comment:format('STATISTICS %I.%I', n.nspname, s.stxname)|s.oid|pg_statistic_ext} as definition
from pg_catalog.pg_statistic_ext as s
join pg_catalog.pg_namespace as n on n.oid = s.stxnamespace
where {only:s.oid} and {hidden:n} and {member:pg_statistic_ext:s.oid}
