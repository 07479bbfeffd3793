-- What expressions are made of: collations, operators and their classes and families, casts, conversions, transforms.

-- kind: COLLATION
select
    'pg_collation'::regclass::oid as classid,
    c.oid as objid,
    'COLLATION' as object_type,
    n.nspname::text as object_schema,
    c.collname::text as object_name,
    (pg_identify_object('pg_collation'::regclass, c.oid, 0)).identity as object_identity,
    format(
        'CREATE COLLATION %I.%I (provider = %s', n.nspname, c.collname,
        case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' when 'd' then 'default' else 'libc' end
    )
    || case when c.collisdeterministic then '' else ', deterministic = false' end
    || case
        when l.locale is not null then ', locale = ' || quote_literal(l.locale)
        when c.collcollate = c.collctype then ', locale = ' || quote_literal(c.collcollate)
        else format(', lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype)
    end
    || coalesce(', rules = ' || quote_literal(to_jsonb(c) ->> 'collicurules'), '')
    || ');'
    || {comment:format('COLLATION %I.%I', n.nspname, c.collname)|c.oid|pg_collation} as definition
from pg_catalog.pg_collation as c
join pg_catalog.pg_namespace as n on n.oid = c.collnamespace
-- of the providers with a locale of one name; the column is called otherwise since 15, and again since 17
cross join lateral (select coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale') as locale) as l
where {only:c.oid} and {hidden:n} and {member:pg_collation:c.oid}

-- kind: OPERATOR
-- What only another operator names, as its commutator or negator, is no operator yet.
select
    'pg_operator'::regclass::oid as classid,
    o.oid as objid,
    'OPERATOR' as object_type,
    n.nspname::text as object_schema,
    o.oprname || '('
    || concat_ws(',', coalesce(format_type(nullif(o.oprleft, 0), null), 'NONE'), format_type(o.oprright, null)) || ')' as object_name,
    (pg_identify_object('pg_operator'::regclass, o.oid, 0)).identity as object_identity,
    format(E'CREATE OPERATOR %I.%s (\n    FUNCTION = %s', n.nspname, o.oprname, o.oprcode)
    || case when o.oprleft <> 0 then E',\n    LEFTARG = ' || format_type(o.oprleft, null) else '' end
    || case when o.oprright <> 0 then E',\n    RIGHTARG = ' || format_type(o.oprright, null) else '' end
    || coalesce((
        select format(E',\n    COMMUTATOR = OPERATOR(%I.%s)', xn.nspname, x.oprname)
        from pg_catalog.pg_operator as x
        join pg_catalog.pg_namespace as xn on xn.oid = x.oprnamespace
        where x.oid = o.oprcom
    ), '')
    || coalesce((
        select format(E',\n    NEGATOR = OPERATOR(%I.%s)', xn.nspname, x.oprname)
        from pg_catalog.pg_operator as x
        join pg_catalog.pg_namespace as xn on xn.oid = x.oprnamespace
        where x.oid = o.oprnegate
    ), '')
    || case when o.oprrest <> 0 then E',\n    RESTRICT = ' || o.oprrest else '' end
    || case when o.oprjoin <> 0 then E',\n    JOIN = ' || o.oprjoin else '' end
    || case when o.oprcanhash then E',\n    HASHES' else '' end
    || case when o.oprcanmerge then E',\n    MERGES' else '' end
    || E'\n);'
    || {comment:format('OPERATOR %I.%s (%s, %s)', n.nspname, o.oprname, coalesce(format_type(nullif(o.oprleft, 0), null), 'NONE'), format_type(o.oprright, null))|o.oid|pg_operator}
    as definition
from pg_catalog.pg_operator as o
join pg_catalog.pg_namespace as n on n.oid = o.oprnamespace
where o.oprcode <> 0 and {only:o.oid} and {hidden:n} and {member:pg_operator:o.oid}

-- query: members
-- The operators and support functions of one class, or those of a family that belong to no class.
select
    string_agg(m.text, E',\n    ' order by m.part, m.number, m.text collate "C")
from (
    select
        1 as part,
        ao.amopstrategy::integer as number,
        format('OPERATOR %s %s', ao.amopstrategy, ao.amopopr::regoperator)
        || coalesce((
            select format(' FOR ORDER BY %I.%I', sn.nspname, sf.opfname)
            from pg_catalog.pg_opfamily as sf
            join pg_catalog.pg_namespace as sn on sn.oid = sf.opfnamespace
            where sf.oid = ao.amopsortfamily
        ), '') as text
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_amop as ao on ao.oid = d.objid
    where d.classid = 'pg_amop'::regclass and d.refclassid = x.classid and d.refobjid = x.oid and ao.amopfamily = x.family
    union all
    select
        2 as part,
        ap.amprocnum::integer as number,
        format(
            'FUNCTION %s (%s, %s) %s',
            ap.amprocnum, format_type(ap.amproclefttype, null), format_type(ap.amprocrighttype, null), ap.amproc::regprocedure
        ) as text
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_amproc as ap on ap.oid = d.objid
    where d.classid = 'pg_amproc'::regclass and d.refclassid = x.classid and d.refobjid = x.oid and ap.amprocfamily = x.family
) as m

-- kind: OPERATOR FAMILY
select
    'pg_opfamily'::regclass::oid as classid,
    f.oid as objid,
    'OPERATOR FAMILY' as object_type,
    n.nspname::text as object_schema,
    f.opfname::text as object_name,
    (pg_identify_object('pg_opfamily'::regclass, f.oid, 0)).identity as object_identity,
    format('CREATE OPERATOR FAMILY %I.%I USING %I;', n.nspname, f.opfname, am.amname)
    || coalesce((
        select format(E'\nALTER OPERATOR FAMILY %I.%I USING %I ADD\n    %s;', n.nspname, f.opfname, am.amname, members.text)
        from (values ('pg_opfamily'::regclass::oid, f.oid, f.oid)) as x (classid, oid, family)
        cross join lateral (
            {query:members}
        ) as members (text)
        where members.text is not null
    ), '')
    || {comment:format('OPERATOR FAMILY %I.%I USING %I', n.nspname, f.opfname, am.amname)|f.oid|pg_opfamily} as definition
from pg_catalog.pg_opfamily as f
join pg_catalog.pg_namespace as n on n.oid = f.opfnamespace
join pg_catalog.pg_am as am on am.oid = f.opfmethod
where {only:f.oid} and {hidden:n} and {member:pg_opfamily:f.oid}

-- kind: OPERATOR CLASS
select
    'pg_opclass'::regclass::oid as classid,
    c.oid as objid,
    'OPERATOR CLASS' as object_type,
    n.nspname::text as object_schema,
    c.opcname::text as object_name,
    (pg_identify_object('pg_opclass'::regclass, c.oid, 0)).identity as object_identity,
    format(
        E'CREATE OPERATOR CLASS %I.%I\n    %sFOR TYPE %s USING %I FAMILY %I.%I AS\n    %s;',
        n.nspname, c.opcname, case when c.opcdefault then 'DEFAULT ' else '' end, format_type(c.opcintype, null),
        am.amname, fn.nspname, f.opfname,
        concat_ws(
            E',\n    ',
            case
                when c.opckeytype <> 0 then 'STORAGE ' || format_type(c.opckeytype, null)
                -- there has to be something
                when members.text is null then 'STORAGE ' || format_type(c.opcintype, null)
            end,
            members.text
        )
    )
    || {comment:format('OPERATOR CLASS %I.%I USING %I', n.nspname, c.opcname, am.amname)|c.oid|pg_opclass} as definition
from pg_catalog.pg_opclass as c
join pg_catalog.pg_namespace as n on n.oid = c.opcnamespace
join pg_catalog.pg_am as am on am.oid = c.opcmethod
join pg_catalog.pg_opfamily as f on f.oid = c.opcfamily
join pg_catalog.pg_namespace as fn on fn.oid = f.opfnamespace
cross join lateral (select 'pg_opclass'::regclass::oid as classid, c.oid, c.opcfamily as family) as x
cross join lateral (
    {query:members}
) as members (text)
where {only:c.oid} and {hidden:n} and {member:pg_opclass:c.oid}

-- kind: CAST
select
    'pg_cast'::regclass::oid as classid,
    c.oid as objid,
    'CAST' as object_type,
    null::text as object_schema,
    (pg_identify_object('pg_cast'::regclass, c.oid, 0)).identity as object_name,
    (pg_identify_object('pg_cast'::regclass, c.oid, 0)).identity as object_identity,
    format('CREATE CAST (%s AS %s) ', format_type(c.castsource, null), format_type(c.casttarget, null))
    || case c.castmethod
        when 'f' then 'WITH FUNCTION ' || c.castfunc::regprocedure
        when 'i' then 'WITH INOUT'
        else 'WITHOUT FUNCTION'
    end
    || case c.castcontext when 'a' then ' AS ASSIGNMENT' when 'i' then ' AS IMPLICIT' else '' end
    || ';'
    || {comment:format('CAST (%s AS %s)', format_type(c.castsource, null), format_type(c.casttarget, null))|c.oid|pg_cast} as definition
from pg_catalog.pg_cast as c
join pg_catalog.pg_type as s on s.oid = c.castsource
join pg_catalog.pg_namespace as sn on sn.oid = s.typnamespace
join pg_catalog.pg_type as t on t.oid = c.casttarget
join pg_catalog.pg_namespace as tn on tn.oid = t.typnamespace
left join pg_catalog.pg_proc as p on p.oid = c.castfunc
left join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where
    c.oid >= 16384 and {only:c.oid} and {own:sn} and {own:tn} and (n.oid is null or {own:n}) and {member:pg_cast:c.oid}
    -- a range's to its multirange
    and not exists (
        select from pg_catalog.pg_depend as d
        where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i'
    )

-- kind: CONVERSION
select
    'pg_conversion'::regclass::oid as classid,
    c.oid as objid,
    'CONVERSION' as object_type,
    n.nspname::text as object_schema,
    c.conname::text as object_name,
    (pg_identify_object('pg_conversion'::regclass, c.oid, 0)).identity as object_identity,
    format(
        'CREATE %sCONVERSION %I.%I FOR %L TO %L FROM %s;',
        case when c.condefault then 'DEFAULT ' else '' end, n.nspname, c.conname,
        pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding), c.conproc
    )
    || {comment:format('CONVERSION %I.%I', n.nspname, c.conname)|c.oid|pg_conversion} as definition
from pg_catalog.pg_conversion as c
join pg_catalog.pg_namespace as n on n.oid = c.connamespace
where {only:c.oid} and {hidden:n} and {member:pg_conversion:c.oid}

-- kind: TRANSFORM
select
    'pg_transform'::regclass::oid as classid,
    t.oid as objid,
    'TRANSFORM' as object_type,
    null::text as object_schema,
    (pg_identify_object('pg_transform'::regclass, t.oid, 0)).identity as object_name,
    (pg_identify_object('pg_transform'::regclass, t.oid, 0)).identity as object_identity,
    format(
        'CREATE TRANSFORM FOR %s LANGUAGE %I (%s);',
        format_type(t.trftype, null), l.lanname,
        concat_ws(
            ', ',
            case when t.trffromsql <> 0 then 'FROM SQL WITH FUNCTION ' || t.trffromsql::regprocedure end,
            case when t.trftosql <> 0 then 'TO SQL WITH FUNCTION ' || t.trftosql::regprocedure end
        )
    )
    || {comment:format('TRANSFORM FOR %s LANGUAGE %I', format_type(t.trftype, null), l.lanname)|t.oid|pg_transform} as definition
from pg_catalog.pg_transform as t
join pg_catalog.pg_language as l on l.oid = t.trflang
where {only:t.oid} and {member:pg_transform:t.oid}
