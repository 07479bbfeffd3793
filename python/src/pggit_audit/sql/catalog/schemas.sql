-- Schemas, extensions, and what a database has beside its schemas.

-- kind: SCHEMA
select
    'pg_namespace'::regclass::oid as classid,
    n.oid as objid,
    'SCHEMA' as object_type,
    n.nspname::text as object_schema,
    n.nspname::text as object_name,
    quote_ident(n.nspname) as object_identity,
    case when n.nspname = 'public' then 'CREATE SCHEMA IF NOT EXISTS ' else 'CREATE SCHEMA ' end
    || quote_ident(n.nspname) || ';'
    || case
        when n.nspname <> 'public' then {comment:format('SCHEMA %I', n.nspname)|n.oid|pg_namespace}
        -- it comes with a comment
        when obj_description(n.oid, 'pg_namespace') = 'standard public schema' then ''
        else E'\nCOMMENT ON SCHEMA public IS ' || quote_nullable(obj_description(n.oid, 'pg_namespace')) || ';'
    end as definition
from pg_catalog.pg_namespace as n
where {only:n.oid} and {hidden:n} and {member:pg_namespace:n.oid}

-- kind: EXTENSION
-- Those that it requires come first, for they may live in another schema than it does; IF NOT EXISTS passes by what is
-- there. plpgsql comes with the database.
select
    'pg_extension'::regclass::oid as classid,
    e.oid as objid,
    'EXTENSION' as object_type,
    n.nspname::text as object_schema,
    e.extname::text as object_name,
    quote_ident(e.extname) as object_identity,
    coalesce((
        with recursive required (oid, depth) as (
            select d.refobjid, 1
            from pg_catalog.pg_depend as d
            where d.classid = 'pg_extension'::regclass and d.objid = e.oid and d.refclassid = 'pg_extension'::regclass
            union all
            select d.refobjid, r.depth + 1
            from required as r
            join pg_catalog.pg_depend as d
                on d.classid = 'pg_extension'::regclass and d.objid = r.oid and d.refclassid = 'pg_extension'::regclass
        )
        select
            string_agg(
                format(E'CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I;\n', x.extname, xn.nspname),
                '' order by r.depth desc, x.extname collate "C"
            )
        from (select oid, max(depth) as depth from required group by oid) as r
        join pg_catalog.pg_extension as x on x.oid = r.oid
        join pg_catalog.pg_namespace as xn on xn.oid = x.extnamespace
        where x.oid >= 16384
    ), '')
    || format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I;', e.extname, n.nspname)
    || {comment:format('EXTENSION %I', e.extname)|e.oid|pg_extension} as definition
from pg_catalog.pg_extension as e
join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
where e.oid >= 16384 and {only:e.oid} and {own:n}

-- kind: ACCESS METHOD
select
    'pg_am'::regclass::oid as classid,
    a.oid as objid,
    'ACCESS METHOD' as object_type,
    null::text as object_schema,
    a.amname::text as object_name,
    quote_ident(a.amname) as object_identity,
    format(
        'CREATE ACCESS METHOD %I TYPE %s HANDLER %s;',
        a.amname, case a.amtype when 't' then 'TABLE' else 'INDEX' end, a.amhandler
    )
    || {comment:format('ACCESS METHOD %I', a.amname)|a.oid|pg_am} as definition
from pg_catalog.pg_am as a
join pg_catalog.pg_proc as p on p.oid = a.amhandler
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where a.oid >= 16384 and {only:a.oid} and {own:n} and {member:pg_am:a.oid}

-- kind: PROCEDURAL LANGUAGE
select
    'pg_language'::regclass::oid as classid,
    l.oid as objid,
    'PROCEDURAL LANGUAGE' as object_type,
    null::text as object_schema,
    l.lanname::text as object_name,
    quote_ident(l.lanname) as object_identity,
    format(
        'CREATE %sPROCEDURAL LANGUAGE %I HANDLER %s',
        case when l.lanpltrusted then 'TRUSTED ' else '' end, l.lanname, l.lanplcallfoid::regproc
    )
    || case when l.laninline <> 0 then ' INLINE ' || l.laninline::regproc else '' end
    || case when l.lanvalidator <> 0 then ' VALIDATOR ' || l.lanvalidator::regproc else '' end
    || ';'
    || {comment:format('LANGUAGE %I', l.lanname)|l.oid|pg_language} as definition
from pg_catalog.pg_language as l
join pg_catalog.pg_proc as p on p.oid = l.lanplcallfoid
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where l.oid >= 16384 and l.lanispl and {only:l.oid} and {own:n} and {member:pg_language:l.oid}

-- kind: EVENT TRIGGER
select
    'pg_event_trigger'::regclass::oid as classid,
    e.oid as objid,
    'EVENT TRIGGER' as object_type,
    null::text as object_schema,
    e.evtname::text as object_name,
    quote_ident(e.evtname) as object_identity,
    format('CREATE EVENT TRIGGER %I ON %s', e.evtname, e.evtevent)
    || coalesce((
        select E'\n    WHEN TAG IN (' || string_agg(quote_literal(t.tag), ', ' order by t.place) || ')'
        from unnest(e.evttags) with ordinality as t (tag, place)
    ), '')
    || E'\n    EXECUTE FUNCTION ' || e.evtfoid::regproc || '();'
    || case e.evtenabled
        when 'D' then format(E'\nALTER EVENT TRIGGER %I DISABLE;', e.evtname)
        when 'R' then format(E'\nALTER EVENT TRIGGER %I ENABLE REPLICA;', e.evtname)
        when 'A' then format(E'\nALTER EVENT TRIGGER %I ENABLE ALWAYS;', e.evtname)
        else ''
    end
    || {comment:format('EVENT TRIGGER %I', e.evtname)|e.oid|pg_event_trigger} as definition
from pg_catalog.pg_event_trigger as e
join pg_catalog.pg_proc as p on p.oid = e.evtfoid
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where {only:e.oid} and {own:n} and {member:pg_event_trigger:e.oid}

-- kind: PUBLICATION
select
    'pg_publication'::regclass::oid as classid,
    p.oid as objid,
    'PUBLICATION' as object_type,
    null::text as object_schema,
    p.pubname::text as object_name,
    quote_ident(p.pubname) as object_identity,
    format('CREATE PUBLICATION %I', p.pubname)
    || case when p.puballtables then ' FOR ALL TABLES' else '' end
    || format(
        ' WITH (publish = %L%s%s);',
        concat_ws(
            ', ',
            case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
            case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end
        ),
        case when p.pubviaroot then ', publish_via_partition_root = true' else '' end,
        case to_jsonb(p) ->> 'pubgencols' when 's' then ', publish_generated_columns = stored' else '' end
    )
    || coalesce((
        select
            string_agg(
                format(
                    E'\nALTER PUBLICATION %I ADD TABLE ONLY %I.%I', p.pubname, n.nspname, c.relname
                )
                || coalesce((  -- since 15
                    select ' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')'  -- since 15
                    from pg_catalog.pg_attribute as a  -- since 15
                    where a.attrelid = c.oid and a.attnum = any(r.prattrs)  -- since 15
                ), '')  -- since 15
                || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')  -- since 15
                || ';',
                '' order by n.nspname collate "C", c.relname collate "C"
            )
        from pg_catalog.pg_publication_rel as r
        join pg_catalog.pg_class as c on c.oid = r.prrelid
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where r.prpubid = p.oid and {hidden:n}
    ), '')
    || coalesce((  -- since 15
        select  -- since 15
            string_agg(  -- since 15
                format(E'\nALTER PUBLICATION %I ADD TABLES IN SCHEMA %I;', p.pubname, n.nspname),  -- since 15
                '' order by n.nspname collate "C"  -- since 15
            )  -- since 15
        from pg_catalog.pg_publication_namespace as s  -- since 15
        join pg_catalog.pg_namespace as n on n.oid = s.pnnspid  -- since 15
        where s.pnpubid = p.oid and {hidden:n}  -- since 15
    ), '')  -- since 15
    || {comment:format('PUBLICATION %I', p.pubname)|p.oid|pg_publication} as definition
from pg_catalog.pg_publication as p
where {only:p.oid} and {member:pg_publication:p.oid}

-- kind: SUBSCRIPTION
-- Where to connect is left out: there may be a password in it. So it is made without a connection, and does not run.
select
    'pg_subscription'::regclass::oid as classid,
    s.oid as objid,
    'SUBSCRIPTION' as object_type,
    null::text as object_schema,
    s.subname::text as object_name,
    quote_ident(s.subname) as object_identity,
    format(
        E'CREATE SUBSCRIPTION %I CONNECTION \'\' PUBLICATION %s WITH (connect = false, slot_name = %s',
        s.subname,
        (select string_agg(quote_ident(x.name), ', ' order by x.place) from unnest(s.subpublications) with ordinality as x (name, place)),
        coalesce(quote_literal(s.subslotname), 'NONE')
    )
    || case when s.subbinary then ', binary = true' else '' end
    || case when s.substream::text in ('t', 'true') then ', streaming = on' when s.substream::text = 'p' then ', streaming = parallel' else '' end  -- until 17
    || case s.substream when 't' then ', streaming = on' when 'f' then ', streaming = off' else '' end  -- since 18
    || case when s.subsynccommit <> 'off' then ', synchronous_commit = ' || quote_literal(s.subsynccommit) else '' end
    || case when s.subtwophasestate <> 'd' then ', two_phase = on' else '' end  -- since 15
    || case when s.subdisableonerr then ', disable_on_error = true' else '' end  -- since 15
    || case when s.suborigin <> 'any' then ', origin = ' || s.suborigin else '' end  -- since 16
    || case when not s.subpasswordrequired then ', password_required = false' else '' end  -- since 16
    || case when s.subrunasowner then ', run_as_owner = true' else '' end  -- since 16
    || case when s.subfailover then ', failover = true' else '' end  -- since 17
    || ');'
    || {comment:format('SUBSCRIPTION %I', s.subname)|s.oid|pg_subscription} as definition
from pg_catalog.pg_subscription as s
where s.subdbid = (select oid from pg_catalog.pg_database where datname = current_database()) and {only:s.oid}
