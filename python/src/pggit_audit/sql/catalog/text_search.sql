-- Text search.

-- kind: TEXT SEARCH PARSER
select
    'pg_ts_parser'::regclass::oid as classid,
    p.oid as objid,
    'TEXT SEARCH PARSER' as object_type,
    n.nspname::text as object_schema,
    p.prsname::text as object_name,
    format('%I.%I', n.nspname, p.prsname) as object_identity,
    format(
        E'CREATE TEXT SEARCH PARSER %I.%I (\n    START = %s,\n    GETTOKEN = %s,\n    END = %s,%s\n    LEXTYPES = %s\n);',
        n.nspname, p.prsname, p.prsstart, p.prstoken, p.prsend,
        case when p.prsheadline <> 0 then E'\n    HEADLINE = ' || p.prsheadline || ',' else '' end, p.prslextype
    )
    || {comment:format('TEXT SEARCH PARSER %I.%I', n.nspname, p.prsname)|p.oid|pg_ts_parser} as definition
from pg_catalog.pg_ts_parser as p
join pg_catalog.pg_namespace as n on n.oid = p.prsnamespace
where {only:p.oid} and {hidden:n} and {member:pg_ts_parser:p.oid}

-- kind: TEXT SEARCH TEMPLATE
select
    'pg_ts_template'::regclass::oid as classid,
    t.oid as objid,
    'TEXT SEARCH TEMPLATE' as object_type,
    n.nspname::text as object_schema,
    t.tmplname::text as object_name,
    format('%I.%I', n.nspname, t.tmplname) as object_identity,
    format(
        E'CREATE TEXT SEARCH TEMPLATE %I.%I (%s\n    LEXIZE = %s\n);',
        n.nspname, t.tmplname, case when t.tmplinit <> 0 then E'\n    INIT = ' || t.tmplinit || ',' else '' end, t.tmpllexize
    )
    || {comment:format('TEXT SEARCH TEMPLATE %I.%I', n.nspname, t.tmplname)|t.oid|pg_ts_template} as definition
from pg_catalog.pg_ts_template as t
join pg_catalog.pg_namespace as n on n.oid = t.tmplnamespace
where {only:t.oid} and {hidden:n} and {member:pg_ts_template:t.oid}

-- kind: TEXT SEARCH DICTIONARY
select
    'pg_ts_dict'::regclass::oid as classid,
    d.oid as objid,
    'TEXT SEARCH DICTIONARY' as object_type,
    n.nspname::text as object_schema,
    d.dictname::text as object_name,
    format('%I.%I', n.nspname, d.dictname) as object_identity,
    format(
        E'CREATE TEXT SEARCH DICTIONARY %I.%I (\n    TEMPLATE = %I.%I%s\n);',
        n.nspname, d.dictname, tn.nspname, t.tmplname, coalesce(E',\n    ' || d.dictinitoption, '')
    )
    || {comment:format('TEXT SEARCH DICTIONARY %I.%I', n.nspname, d.dictname)|d.oid|pg_ts_dict} as definition
from pg_catalog.pg_ts_dict as d
join pg_catalog.pg_namespace as n on n.oid = d.dictnamespace
join pg_catalog.pg_ts_template as t on t.oid = d.dicttemplate
join pg_catalog.pg_namespace as tn on tn.oid = t.tmplnamespace
where {only:d.oid} and {hidden:n} and {member:pg_ts_dict:d.oid}

-- kind: TEXT SEARCH CONFIGURATION
select
    'pg_ts_config'::regclass::oid as classid,
    c.oid as objid,
    'TEXT SEARCH CONFIGURATION' as object_type,
    n.nspname::text as object_schema,
    c.cfgname::text as object_name,
    format('%I.%I', n.nspname, c.cfgname) as object_identity,
    format(E'CREATE TEXT SEARCH CONFIGURATION %I.%I (\n    PARSER = %I.%I\n);', n.nspname, c.cfgname, pn.nspname, p.prsname)
    || coalesce((
        select
            string_agg(
                format(
                    E'\nALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING FOR %I WITH %s;',
                    n.nspname, c.cfgname, mapped.alias, mapped.dictionaries
                ),
                '' order by mapped.alias collate "C"
            )
        from (
            select t.alias, string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno) as dictionaries
            from pg_catalog.pg_ts_config_map as m
            join pg_catalog.ts_token_type(c.cfgparser) as t on t.tokid = m.maptokentype
            where m.mapcfg = c.oid
            group by t.alias
        ) as mapped
    ), '')
    || {comment:format('TEXT SEARCH CONFIGURATION %I.%I', n.nspname, c.cfgname)|c.oid|pg_ts_config} as definition
from pg_catalog.pg_ts_config as c
join pg_catalog.pg_namespace as n on n.oid = c.cfgnamespace
join pg_catalog.pg_ts_parser as p on p.oid = c.cfgparser
join pg_catalog.pg_namespace as pn on pn.oid = p.prsnamespace
where {only:c.oid} and {hidden:n} and {member:pg_ts_config:c.oid}
