-- The objects whose definition says something of a catalog's row, of those rows that were written since the horizon.

-- written: pg_namespace
select 'pg_namespace'::regclass::oid as classid, oid as objid
from pg_catalog.pg_namespace
where oid >= 16384 and {written:xmin}

-- written: pg_class
select 'pg_class'::regclass::oid as classid, oid as objid
from pg_catalog.pg_class
where {with_indexes:oid} and relkind in ('r', 'p', 'f', 'i', 'I', 'v', 'm', 'S') and {written:xmin}
union all
select 'pg_class'::regclass::oid as classid, d.refobjid as objid
from (select oid from pg_catalog.pg_class where {relations:oid} and relkind = 'S' and {written:xmin} offset 0) as s
join pg_catalog.pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.deptype = 'i'
union all
-- what is set of a key's index is said with its table
select 'pg_class'::regclass::oid as classid, k.conrelid as objid
from (
    select oid from pg_catalog.pg_class where {with_indexes:oid} and relkind in ('i', 'I') and {written:xmin} offset 0
) as x
join pg_catalog.pg_depend as d
    on
        d.classid = 'pg_class'::regclass and d.objid = x.oid
        and d.refclassid = 'pg_constraint'::regclass and d.deptype = 'i'
join pg_catalog.pg_constraint as k on k.oid = d.refobjid

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
select
    case rulename when '_RETURN' then 'pg_class'::regclass::oid else 'pg_rewrite'::regclass::oid end as classid,
    case rulename when '_RETURN' then ev_class else oid end as objid
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
-- A partition's copy is told of with its original.
select 'pg_trigger'::regclass::oid as classid, o.oid as objid
from pg_catalog.pg_trigger as t
cross join lateral (
    with recursive originals as (
        select t.oid, t.tgparentid, t.tgisinternal
        union all
        select x.oid, x.tgparentid, x.tgisinternal
        from originals
        join pg_catalog.pg_trigger as x on x.oid = originals.tgparentid
    )
    select oid from originals where tgparentid = 0 and not tgisinternal
) as o
where {relations:t.tgrelid} and {written:t.xmin}

-- deleted: pg_trigger
-- A partition's copy, with its original.
select 'pg_trigger'::regclass::oid as classid, t.oid as objid
from pg_catalog.pg_class as c
join pg_catalog.pg_trigger as t on t.tgrelid = c.oid
where c.oid >= 16384 and c.relkind = 'p' and t.tgparentid = 0 and not t.tgisinternal

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
    t.typtype in ('e', 'd', 'r', 'c', 'b', 'p') and {written:t.xmin}
    and (t.typrelid = 0 or (select c.relkind from pg_catalog.pg_class as c where c.oid = t.typrelid) = 'c')
union all
-- a multirange type is a part of its range type
select 'pg_type'::regclass::oid as classid, r.rngtypid as objid
from (select oid from pg_catalog.pg_type where typtype = 'm' and {written:xmin} offset 0) as t
join pg_catalog.pg_range as r on r.rngmultitypid = t.oid

-- written: pg_enum
select 'pg_type'::regclass::oid as classid, enumtypid as objid
from pg_catalog.pg_enum
where {written:xmin}

-- written: pg_extension
select 'pg_extension'::regclass::oid as classid, oid as objid
from pg_catalog.pg_extension
where oid >= 16384 and {written:xmin}

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
        -- an identity's sequence is a part of its table
        when c.relkind = 'S'
            then coalesce(
                (
                    select i.refobjid
                    from pg_catalog.pg_depend as i
                    where i.classid = 'pg_class'::regclass and i.objid = c.oid and i.deptype = 'i'
                ), c.oid
            )
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

-- written: pg_collation
select 'pg_collation'::regclass::oid as classid, oid as objid
from pg_catalog.pg_collation
where oid >= 16384 and {written:xmin}

-- written: pg_operator
select 'pg_operator'::regclass::oid as classid, oid as objid
from pg_catalog.pg_operator
where oid >= 16384 and {written:xmin}

-- written: pg_opfamily
select 'pg_opfamily'::regclass::oid as classid, oid as objid
from pg_catalog.pg_opfamily
where oid >= 16384 and {written:xmin}

-- written: pg_opclass
select 'pg_opclass'::regclass::oid as classid, oid as objid
from pg_catalog.pg_opclass
where oid >= 16384 and {written:xmin}

-- written: pg_cast
select 'pg_cast'::regclass::oid as classid, oid as objid
from pg_catalog.pg_cast
where oid >= 16384 and {written:xmin}

-- written: pg_conversion
select 'pg_conversion'::regclass::oid as classid, oid as objid
from pg_catalog.pg_conversion
where oid >= 16384 and {written:xmin}

-- written: pg_am
select 'pg_am'::regclass::oid as classid, oid as objid
from pg_catalog.pg_am
where oid >= 16384 and {written:xmin}

-- written: pg_language
select 'pg_language'::regclass::oid as classid, oid as objid
from pg_catalog.pg_language
where oid >= 16384 and {written:xmin}

-- written: pg_transform
select 'pg_transform'::regclass::oid as classid, oid as objid
from pg_catalog.pg_transform
where oid >= 16384 and {written:xmin}

-- written: pg_ts_parser
select 'pg_ts_parser'::regclass::oid as classid, oid as objid
from pg_catalog.pg_ts_parser
where oid >= 16384 and {written:xmin}

-- written: pg_ts_template
select 'pg_ts_template'::regclass::oid as classid, oid as objid
from pg_catalog.pg_ts_template
where oid >= 16384 and {written:xmin}

-- written: pg_ts_dict
select 'pg_ts_dict'::regclass::oid as classid, oid as objid
from pg_catalog.pg_ts_dict
where oid >= 16384 and {written:xmin}

-- written: pg_ts_config
select 'pg_ts_config'::regclass::oid as classid, oid as objid
from pg_catalog.pg_ts_config
where oid >= 16384 and {written:xmin}

-- written: pg_statistic_ext
select 'pg_statistic_ext'::regclass::oid as classid, oid as objid
from pg_catalog.pg_statistic_ext
where oid >= 16384 and {written:xmin}

-- written: pg_foreign_data_wrapper
select 'pg_foreign_data_wrapper'::regclass::oid as classid, oid as objid
from pg_catalog.pg_foreign_data_wrapper
where oid >= 16384 and {written:xmin}

-- written: pg_foreign_server
select 'pg_foreign_server'::regclass::oid as classid, oid as objid
from pg_catalog.pg_foreign_server
where oid >= 16384 and {written:xmin}

-- written: pg_event_trigger
select 'pg_event_trigger'::regclass::oid as classid, oid as objid
from pg_catalog.pg_event_trigger
where oid >= 16384 and {written:xmin}

-- written: pg_publication
select 'pg_publication'::regclass::oid as classid, oid as objid
from pg_catalog.pg_publication
where oid >= 16384 and {written:xmin}

-- written: pg_amop
select d.refclassid as classid, d.refobjid as objid
from pg_catalog.pg_amop as x
join pg_catalog.pg_depend as d on d.classid = 'pg_amop'::regclass and d.objid = x.oid
where x.oid >= 16384 and d.refclassid in ('pg_opclass'::regclass, 'pg_opfamily'::regclass) and {written:x.xmin}

-- written: pg_amproc
select d.refclassid as classid, d.refobjid as objid
from pg_catalog.pg_amproc as x
join pg_catalog.pg_depend as d on d.classid = 'pg_amproc'::regclass and d.objid = x.oid
where x.oid >= 16384 and d.refclassid in ('pg_opclass'::regclass, 'pg_opfamily'::regclass) and {written:x.xmin}

-- written: pg_ts_config_map
select 'pg_ts_config'::regclass::oid as classid, mapcfg as objid
from pg_catalog.pg_ts_config_map
where mapcfg >= 16384 and {written:xmin}

-- written: pg_foreign_table
select 'pg_class'::regclass::oid as classid, ftrelid as objid
from pg_catalog.pg_foreign_table
where {relations:ftrelid} and {written:xmin}

-- written: pg_user_mapping
-- Only superusers may look at its rows.
select 'pg_user_mapping'::regclass::oid as classid, umid as objid
from pg_catalog.pg_user_mappings

-- written: pg_publication_rel
select 'pg_publication'::regclass::oid as classid, prpubid as objid
from pg_catalog.pg_publication_rel
where {written:xmin}

-- deleted: pg_publication_rel
-- A table that is dropped, CASCADE or not.
select 'pg_publication'::regclass::oid as classid, oid as objid
from pg_catalog.pg_publication

-- written: pg_publication_namespace
select null::oid as classid, null::oid as objid where false  -- until 14
select 'pg_publication'::regclass::oid as classid, pnpubid as objid  -- since 15
from pg_catalog.pg_publication_namespace  -- since 15
where {written:xmin}  -- since 15

-- deleted: pg_publication_namespace
select 'pg_publication'::regclass::oid as classid, oid as objid
from pg_catalog.pg_publication
