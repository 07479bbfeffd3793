-- Types.

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
        || case when t.typnotnull then ' NOT NULL' else '' end  -- until 16
        || coalesce((  -- since 17
            select  -- since 17
                case when k.conname <> t.typname || '_not_null' then format(' CONSTRAINT %I', k.conname) else '' end || ' NOT NULL'  -- since 17
            from pg_catalog.pg_constraint as k  -- since 17
            where k.contypid = t.oid and k.contype = 'n'  -- since 17
        ), '')  -- since 17
        -- what calls a function comes later: the function may be of the domain
        || case when calls.of_default then '' else coalesce(' DEFAULT ' || pg_get_expr(t.typdefaultbin, 0), '') end
        || coalesce((
            select string_agg(
                format(E'\n    CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)),
                '' order by k.conname collate "C"
            )
            from pg_catalog.pg_constraint as k
            where k.contypid = t.oid and k.contype = 'c' and k.convalidated and k.oid <> all (calls.of_checks)
        ), '')
        || ';'
        || case
            when calls.of_default
                then format(E'\nALTER DOMAIN %I.%I SET DEFAULT %s;', n.nspname, t.typname, pg_get_expr(t.typdefaultbin, 0))
            else ''
        end
        || coalesce((
            select string_agg(
                format(E'\nALTER DOMAIN %I.%I ADD CONSTRAINT %I %s;', n.nspname, t.typname, k.conname, pg_get_constraintdef(k.oid)),
                '' order by k.conname collate "C"
            )
            from pg_catalog.pg_constraint as k
            where k.contypid = t.oid and k.contype = 'c' and (not k.convalidated or k.oid = any (calls.of_checks))
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
        when 'p' then format('CREATE TYPE %I.%I;', n.nspname, t.typname)
        when 'b' then format(E'CREATE TYPE %1$I.%2$I;\nCREATE TYPE %1$I.%2$I (', n.nspname, t.typname)
        || concat_ws(
            ',',
            E'\n    INTERNALLENGTH = ' || case when t.typlen = -1 then 'VARIABLE' else t.typlen::text end,
            E'\n    INPUT = ' || t.typinput,
            E'\n    OUTPUT = ' || t.typoutput,
            case when t.typreceive <> 0 then E'\n    RECEIVE = ' || t.typreceive end,
            case when t.typsend <> 0 then E'\n    SEND = ' || t.typsend end,
            case when t.typmodin <> 0 then E'\n    TYPMOD_IN = ' || t.typmodin end,
            case when t.typmodout <> 0 then E'\n    TYPMOD_OUT = ' || t.typmodout end,
            case when t.typanalyze <> 0 then E'\n    ANALYZE = ' || t.typanalyze end,
            case when t.typsubscript <> 0 then E'\n    SUBSCRIPT = ' || t.typsubscript end,
            case when t.typbyval then E'\n    PASSEDBYVALUE' end,
            E'\n    ALIGNMENT = ' || case t.typalign when 'c' then 'char' when 's' then 'int2' when 'i' then 'int4' else 'double' end,
            E'\n    STORAGE = ' || case t.typstorage when 'p' then 'plain' when 'e' then 'external' when 'x' then 'extended' else 'main' end,
            case when t.typcategory <> 'U' then E'\n    CATEGORY = ' || quote_literal(t.typcategory::text) end,
            case when t.typispreferred then E'\n    PREFERRED = true' end,
            E'\n    DEFAULT = ' || quote_literal(t.typdefault),
            case when t.typelem <> 0 then E'\n    ELEMENT = ' || format_type(t.typelem, null) end,
            case when t.typdelim <> ',' then E'\n    DELIMITER = ' || quote_literal(t.typdelim::text) end,
            case when t.typcollation <> 0 then E'\n    COLLATABLE = true' end
        )
        || E'\n);'
        when 'r' then (
            select
                case when r.rngcanonical <> 0 then format(E'CREATE TYPE %I.%I;\n', n.nspname, t.typname) else '' end
                || format('CREATE TYPE %I.%I AS RANGE (', n.nspname, t.typname)
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
-- of a domain: what of it calls a function that did not come with the server
cross join lateral (
    select
        -- a domain depends as well on the functions by which its type is written
        t.typdefaultbin is not null and coalesce(bool_or(d.classid = 'pg_type'::regclass), false) as of_default,
        coalesce(array_agg(d.objid) filter (where d.classid = 'pg_constraint'::regclass), '{}') as of_checks
    from pg_catalog.pg_depend as d
    where
        t.typtype = 'd' and d.refclassid = 'pg_proc'::regclass and d.refobjid >= 16384
        and (
            (d.classid = 'pg_type'::regclass and d.objid = t.oid)
            or (
                d.classid = 'pg_constraint'::regclass
                and d.objid in (select k.oid from pg_catalog.pg_constraint as k where k.contypid = t.oid)
            )
        )
) as calls
where
    (
        t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c') or (t.typtype = 'p' and not t.typisdefined)
        -- an array comes with its element
        or (t.typtype = 'b' and not exists (select from pg_catalog.pg_type as e where e.oid = t.typelem and e.typarray = t.oid))
    )
    and {only:t.oid} and {hidden:n} and {member:pg_type:t.oid}
