-- Rows of the catalog that make up the team's schema, each with the transaction that last wrote it. Read only; no right
-- is needed but to connect. `part` is a column, a label, a rule or a parent; `facts` are what else tells of the time.
with

team_schemas as (

    select n.oid
    from pg_catalog.pg_namespace as n
    where
        n.nspname operator(pg_catalog.!~) '^pg_'
        and n.nspname operator(pg_catalog.<>) 'information_schema'
        and n.nspname operator(pg_catalog.<>) all (%(hidden)s::pg_catalog.name[])

),

relations as (

    select
        c.oid, c.relkind, c.xmin as xid,
        c.relfilenode operator(pg_catalog.<>) 0 and c.relfilenode operator(pg_catalog.<>) c.oid as was_rewritten
    from pg_catalog.pg_class as c
    where
        c.relnamespace in (select oid from team_schemas)
        and c.relkind in ('r', 'p', 'v', 'm', 'f', 'i', 'I', 'S', 'c')

),

types as (

    select t.oid, t.xmin as xid
    from pg_catalog.pg_type as t
    where
        t.typnamespace in (select oid from team_schemas)
        and (
            t.typtype in ('e', 'd', 'r')
            or t.typrelid in (select oid from relations where relkind operator(pg_catalog.=) 'c')
        )

),

found (catalog, class, object, part, xid, facts) as (

    select 'pg_namespace', 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, null::pg_catalog.text, n.xmin,
        pg_catalog.jsonb_build_object('oid', n.oid::pg_catalog.int8)
    from pg_catalog.pg_namespace as n
    where n.oid in (select oid from team_schemas)

    union all
    select 'pg_class', 'pg_catalog.pg_class'::pg_catalog.regclass, r.oid, null, r.xid,
        pg_catalog.jsonb_build_object('oid', r.oid::pg_catalog.int8, 'rewritten', r.was_rewritten)
    from relations as r

    union all
    select 'pg_attribute', 'pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attname, a.xmin,
        pg_catalog.jsonb_build_object(
            'attnum', a.attnum, 'attlen', a.attlen, 'attalign', a.attalign, 'dropped', a.attisdropped,
            'granted', a.attacl is not null, 'atttypmod', a.atttypmod, 'attndims', a.attndims,
            'collated', a.attcollation operator(pg_catalog.<>) 0, 'attstorage', a.attstorage
        )
    from pg_catalog.pg_attribute as a
    join relations as r on r.oid operator(pg_catalog.=) a.attrelid
    where a.attnum operator(pg_catalog.>) 0 and r.relkind not in ('i', 'I', 'S')

    union all
    select 'pg_attrdef', 'pg_catalog.pg_class'::pg_catalog.regclass, d.adrelid, a.attname, d.xmin, null
    from pg_catalog.pg_attrdef as d
    join relations as r on r.oid operator(pg_catalog.=) d.adrelid
    join pg_catalog.pg_attribute as a
        on a.attrelid operator(pg_catalog.=) d.adrelid and a.attnum operator(pg_catalog.=) d.adnum

    union all
    select 'pg_index', 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, null, i.xmin, null
    from pg_catalog.pg_index as i
    join relations as r on r.oid operator(pg_catalog.=) i.indexrelid

    union all
    select 'pg_inherits', 'pg_catalog.pg_class'::pg_catalog.regclass, h.inhrelid,
        h.inhparent::pg_catalog.regclass::pg_catalog.text, h.xmin, null
    from pg_catalog.pg_inherits as h
    join relations as r on r.oid operator(pg_catalog.=) h.inhrelid

    union all
    select 'pg_sequence', 'pg_catalog.pg_class'::pg_catalog.regclass, s.seqrelid, null, s.xmin, null
    from pg_catalog.pg_sequence as s
    join relations as r on r.oid operator(pg_catalog.=) s.seqrelid

    union all
    select 'pg_rewrite', 'pg_catalog.pg_class'::pg_catalog.regclass, w.ev_class, w.rulename, w.xmin,
        pg_catalog.jsonb_build_object('oid', w.oid::pg_catalog.int8)
    from pg_catalog.pg_rewrite as w
    join relations as r on r.oid operator(pg_catalog.=) w.ev_class

    union all
    select 'pg_trigger', 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, null, t.xmin,
        pg_catalog.jsonb_build_object('oid', t.oid::pg_catalog.int8)
    from pg_catalog.pg_trigger as t
    join relations as r on r.oid operator(pg_catalog.=) t.tgrelid
    where not t.tgisinternal

    union all
    select 'pg_policy', 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, null, p.xmin,
        pg_catalog.jsonb_build_object('oid', p.oid::pg_catalog.int8)
    from pg_catalog.pg_policy as p
    join relations as r on r.oid operator(pg_catalog.=) p.polrelid

    union all
    select 'pg_type', 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, null, t.xid,
        pg_catalog.jsonb_build_object('oid', t.oid::pg_catalog.int8)
    from types as t

    union all
    select 'pg_enum', 'pg_catalog.pg_type'::pg_catalog.regclass, e.enumtypid, e.enumlabel, e.xmin,
        pg_catalog.jsonb_build_object('oid', e.oid::pg_catalog.int8, 'enumsortorder', e.enumsortorder)
    from pg_catalog.pg_enum as e
    join types as t on t.oid operator(pg_catalog.=) e.enumtypid

    union all
    select o.catalog, o.class, o.oid, null, o.xid, pg_catalog.jsonb_build_object('oid', o.oid::pg_catalog.int8)
    from (
        select 'pg_constraint', 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, k.connamespace, k.xmin
        from pg_catalog.pg_constraint as k
        union all
        select 'pg_proc', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, p.pronamespace, p.xmin
        from pg_catalog.pg_proc as p
        union all
        select 'pg_statistic_ext', 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, s.stxnamespace, s.xmin
        from pg_catalog.pg_statistic_ext as s
        union all
        select 'pg_collation', 'pg_catalog.pg_collation'::pg_catalog.regclass, c.oid, c.collnamespace, c.xmin
        from pg_catalog.pg_collation as c
        union all
        select 'pg_ts_dict', 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid, d.dictnamespace, d.xmin
        from pg_catalog.pg_ts_dict as d
        union all
        select 'pg_ts_config', 'pg_catalog.pg_ts_config'::pg_catalog.regclass, c.oid, c.cfgnamespace, c.xmin
        from pg_catalog.pg_ts_config as c
    ) as o (catalog, class, oid, schema, xid)
    where o.schema in (select oid from team_schemas)

    union all
    select 'pg_extension', 'pg_catalog.pg_extension'::pg_catalog.regclass, x.oid, null, x.xmin,
        pg_catalog.jsonb_build_object('oid', x.oid::pg_catalog.int8)
    from pg_catalog.pg_extension as x

    union all
    select 'pg_description', d.classoid::pg_catalog.regclass, d.objoid, a.attname, d.xmin, null
    from pg_catalog.pg_description as d
    left join pg_catalog.pg_attribute as a
        on
            d.classoid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
            and a.attrelid operator(pg_catalog.=) d.objoid
            and a.attnum operator(pg_catalog.=) d.objsubid
            and d.objsubid operator(pg_catalog.>) 0
    where
        d.objoid in (select oid from relations)
        or d.objoid in (select oid from types)
        or d.objoid in (select oid from team_schemas)
        or d.objoid in (
            select p.oid from pg_catalog.pg_proc as p
            where p.pronamespace in (select oid from team_schemas)
        )
        or d.objoid in (
            select k.oid from pg_catalog.pg_constraint as k
            where k.connamespace in (select oid from team_schemas)
        )
        or d.objoid in (
            select t.oid from pg_catalog.pg_trigger as t
            join relations as r on r.oid operator(pg_catalog.=) t.tgrelid
        )

)

select
    f.catalog as catalog,
    i.type as object_type,
    i.identity as object_identity,
    f.part::pg_catalog.text as part,
    f.xid::pg_catalog.text::pg_catalog.int8 as transaction_id,
    f.facts as facts,
    case
        when
            pg_catalog.current_setting('track_commit_timestamp') operator(pg_catalog.=) 'on'
            and f.xid::pg_catalog.text::pg_catalog.int8 operator(pg_catalog.>=) 3
            then pg_catalog.timezone('UTC', pg_catalog.pg_xact_commit_timestamp(f.xid))
    end as committed_at
from found as f
cross join lateral pg_catalog.pg_identify_object(f.class::pg_catalog.oid, f.object, 0) as i
