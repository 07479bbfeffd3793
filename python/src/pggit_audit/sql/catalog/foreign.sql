-- Foreign data. Foreign tables are with the tables.

-- query: options
-- The options of something foreign.
select string_agg(format('%I %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ')
from unnest(x.options) as o

-- kind: FOREIGN DATA WRAPPER
select
    'pg_foreign_data_wrapper'::regclass::oid as classid,
    w.oid as objid,
    'FOREIGN DATA WRAPPER' as object_type,
    null::text as object_schema,
    w.fdwname::text as object_name,
    quote_ident(w.fdwname) as object_identity,
    format('CREATE FOREIGN DATA WRAPPER %I', w.fdwname)
    || case when w.fdwhandler <> 0 then ' HANDLER ' || w.fdwhandler::regproc else '' end
    || case when w.fdwvalidator <> 0 then ' VALIDATOR ' || w.fdwvalidator::regproc else '' end
    || coalesce((
        select ' OPTIONS (' || options.text || ')'
        from (select w.fdwoptions as options) as x
        cross join lateral (
            {query:options}
        ) as options (text)
    ), '')
    || ';'
    || {comment:format('FOREIGN DATA WRAPPER %I', w.fdwname)|w.oid|pg_foreign_data_wrapper} as definition
from pg_catalog.pg_foreign_data_wrapper as w
where {only:w.oid} and {member:pg_foreign_data_wrapper:w.oid}

-- kind: SERVER
-- Without its options: with some wrappers there are secrets among them.
select
    'pg_foreign_server'::regclass::oid as classid,
    s.oid as objid,
    'SERVER' as object_type,
    null::text as object_schema,
    s.srvname::text as object_name,
    quote_ident(s.srvname) as object_identity,
    format('CREATE SERVER %I', s.srvname)
    || coalesce(' TYPE ' || quote_literal(s.srvtype), '')
    || coalesce(' VERSION ' || quote_literal(s.srvversion), '')
    || format(' FOREIGN DATA WRAPPER %I;', w.fdwname)
    || {comment:format('SERVER %I', s.srvname)|s.oid|pg_foreign_server} as definition
from pg_catalog.pg_foreign_server as s
join pg_catalog.pg_foreign_data_wrapper as w on w.oid = s.srvfdw
where {only:s.oid} and {member:pg_foreign_server:s.oid}

-- kind: USER MAPPING
-- Without its options: there is a password among them.
select
    'pg_user_mapping'::regclass::oid as classid,
    m.umid as objid,
    'USER MAPPING' as object_type,
    null::text as object_schema,
    (pg_identify_object('pg_user_mapping'::regclass, m.umid, 0)).identity as object_name,
    (pg_identify_object('pg_user_mapping'::regclass, m.umid, 0)).identity as object_identity,
    format(
        'CREATE USER MAPPING FOR %s SERVER %I;',
        case when m.umuser = 0 then 'PUBLIC' else quote_ident(m.usename) end, m.srvname
    ) as definition
from pg_catalog.pg_user_mappings as m
where {only:m.umid} and {member:pg_user_mapping:m.umid}
