-- Everything that a schema's catalog says of it, as (what, facts): one row for each thing, in words that stay the same
-- when it is dumped and restored, or renamed and renamed back. %(schema)s is its name. No oids, no xmin, no statistics.
with

space as (
    select * from pg_namespace
    where nspname = %(schema)s
),

relations as (
    select * from pg_class
    where relnamespace = (select oid from space) and relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
),

routines as (
    select * from pg_proc
    where pronamespace = (select oid from space)
),

-- arrays and row types come with what they are made of
types as (
    select pg_type.*
    from pg_type
    left join pg_class on pg_type.typrelid = pg_class.oid
    where
        pg_type.typnamespace = (select oid from space)
        and pg_type.typcategory <> 'A'
        and (pg_type.typrelid = 0 or pg_class.relkind = 'c')
),

event_triggers as (
    select * from pg_event_trigger
    where evtfoid in (select oid from routines)
),

members as (
    select
        'pg_namespace'::regclass as catalog, oid, nspname::text as name, 'n' as acl_kind, nspowner as owner, nspacl as acl
    from space
    union all
    select 'pg_class'::regclass, oid, relname, case relkind when 'S' then 's' when 'c' then null else 'r' end, relowner, relacl
    from relations
    union all
    select 'pg_proc'::regclass, oid, proname, 'f', proowner, proacl
    from routines
    union all
    select 'pg_type'::regclass, oid, typname, 'T', typowner, typacl
    from types
    union all
    select 'pg_event_trigger'::regclass, oid, evtname, null, evtowner, null
    from event_triggers
    union all
    select 'pg_trigger'::regclass, oid, tgname, null, null, null
    from pg_trigger
    where tgrelid in (select oid from relations) and not tgisinternal
    union all
    select 'pg_constraint'::regclass, oid, conname, null, null, null
    from pg_constraint
    where connamespace = (select oid from space)
    union all
    select 'pg_rewrite'::regclass, oid, rulename, null, null, null
    from pg_rewrite
    where ev_class in (select oid from relations)
    union all
    select 'pg_policy'::regclass, oid, polname, null, null, null
    from pg_policy
    where polrelid in (select oid from relations)
    union all
    select 'pg_class'::regclass, indexrelid, indexrelid::regclass::text, null, null, null
    from pg_index
    where indrelid in (select oid from relations)
    union all
    select 'pg_statistic_ext'::regclass, oid, stxname, null, stxowner, null
    from pg_statistic_ext
    where stxnamespace = (select oid from space)
    union all
    select 'pg_operator'::regclass, oid, oprname, null, oprowner, null
    from pg_operator
    where oprnamespace = (select oid from space)
    union all
    select 'pg_collation'::regclass, oid, collname, null, collowner, null
    from pg_collation
    where collnamespace = (select oid from space)
    union all
    select 'pg_ts_config'::regclass, oid, cfgname, null, cfgowner, null
    from pg_ts_config
    where cfgnamespace = (select oid from space)
    union all
    select 'pg_ts_dict'::regclass, oid, dictname, null, dictowner, null
    from pg_ts_dict
    where dictnamespace = (select oid from space)
    union all
    select 'pg_opclass'::regclass, oid, opcname, null, opcowner, null
    from pg_opclass
    where opcnamespace = (select oid from space)
    union all
    select 'pg_conversion'::regclass, oid, conname, null, conowner, null
    from pg_conversion
    where connamespace = (select oid from space)
),

named as (
    select
        members.*,
        identified.type || ' ' || identified.identity as what
    from members
    cross join lateral pg_identify_object(members.catalog, members.oid, 0) as identified
),

columns as (
    select
        pg_attribute.attrelid,
        string_agg(
            concat_ws(
                ' ',
                quote_ident(pg_attribute.attname),
                format_type(pg_attribute.atttypid, pg_attribute.atttypmod),
                nullif(pg_attribute.attcollation, 0)::regcollation,
                case when pg_attribute.attnotnull then 'not null' end,
                nullif(pg_attribute.attidentity, ''),
                nullif(pg_attribute.attgenerated, ''),
                'default ' || pg_get_expr(pg_attrdef.adbin, pg_attrdef.adrelid),
                pg_attribute.attstorage,
                nullif(pg_attribute.attcompression, ''),
                nullif(pg_attribute.attstattarget, -1),
                -- the options that exist; a server may keep marks of its own there
                (
                    select string_agg(option, ' ' order by option collate "C") from unnest(pg_attribute.attoptions) as option
                    where split_part(option, '=', 1) in ('n_distinct', 'n_distinct_inherited')
                ),
                pg_attribute.attfdwoptions,
                'acl ' || pg_attribute.attacl::text
            ),
            e'\n' order by pg_attribute.attnum
        ) as facts
    from pg_attribute
    left join pg_attrdef
        on pg_attribute.attrelid = pg_attrdef.adrelid
        and pg_attribute.attnum = pg_attrdef.adnum
    where pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    group by pg_attribute.attrelid
),

facts as (

    -- a dump does not tell the rights that an object has by itself from the same rights granted
    select
        named.what || ': rights' as what,
        concat_ws(
            e'\n',
            'owner ' || named.owner::regrole::text,
            (
                select string_agg(concat_ws(
                    ' ',
                    rights.privilege_type,
                    case rights.grantee when 0 then 'public' else rights.grantee::regrole::text end,
                    'by', rights.grantor::regrole,
                    case when rights.is_grantable then 'grantable' end
                ), e'\n' order by rights.privilege_type, rights.grantee::regrole::text collate "C", rights.grantor::regrole::text collate "C")
                from aclexplode(coalesce(
                    named.acl,
                    case when named.acl_kind is not null then acldefault(named.acl_kind::"char", named.owner) end
                )) as rights
            )
        ) as facts
    from named
    where named.owner is not null

    union all

    select
        named.what,
        concat_ws(
            e'\n',
            'kind ' || relations.relkind::text || relations.relpersistence::text || relations.relreplident::text,
            'options ' || relations.reloptions::text,
            'row security ' || relations.relrowsecurity::text || ' ' || relations.relforcerowsecurity::text,
            'partition ' || pg_get_expr(relations.relpartbound, relations.oid),
            'partitioned ' || case when relations.relkind = 'p' then pg_get_partkeydef(relations.oid) end,
            'of type ' || nullif(relations.reloftype, 0)::regtype::text,
            'tablespace ' || (
                select pg_tablespace.spcname from pg_tablespace
                where pg_tablespace.oid = relations.reltablespace
            ),
            'parents ' || (
                select string_agg(pg_inherits.inhparent::regclass::text, ', ' order by pg_inherits.inhseqno)
                from pg_inherits
                where pg_inherits.inhrelid = relations.oid
            ),
            columns.facts,
            case when relations.relkind in ('v', 'm') then pg_get_viewdef(relations.oid) end,
            'sequence ' || (
                select pg_sequence.seqtypid::regtype::text || ' ' || row(
                    pg_sequence.seqstart, pg_sequence.seqincrement, pg_sequence.seqmax, pg_sequence.seqmin,
                    pg_sequence.seqcache, pg_sequence.seqcycle
                )::text
                from pg_sequence
                where pg_sequence.seqrelid = relations.oid
            ),
            'owned by ' || (
                select string_agg(pg_describe_object(pg_depend.refclassid, pg_depend.refobjid, pg_depend.refobjsubid), ', ')
                from pg_depend
                where
                    pg_depend.classid = 'pg_class'::regclass
                    and pg_depend.objid = relations.oid
                    and relations.relkind = 'S'
                    and pg_depend.deptype in ('a', 'i')
            )
        )
    from relations
    inner join named on named.catalog = 'pg_class'::regclass and relations.oid = named.oid
    left join columns on relations.oid = columns.attrelid

    union all

    select
        named.what,
        case routines.prokind
            when 'a' then (
                select row(
                    pg_aggregate.aggkind, pg_aggregate.aggtransfn, pg_aggregate.aggfinalfn, pg_aggregate.aggcombinefn,
                    pg_aggregate.aggtranstype::regtype, pg_aggregate.agginitval, pg_aggregate.aggfinalmodify
                )::text
                from pg_aggregate
                where pg_aggregate.aggfnoid = routines.oid
            )
            else pg_get_functiondef(routines.oid)
        end
    from routines
    inner join named on named.catalog = 'pg_proc'::regclass and routines.oid = named.oid

    union all

    select
        named.what,
        concat_ws(
            ' ',
            types.typtype,
            (
                select string_agg(quote_literal(pg_enum.enumlabel), ', ' order by pg_enum.enumsortorder)
                from pg_enum
                where pg_enum.enumtypid = types.oid
            ),
            case when types.typtype = 'd' then format_type(types.typbasetype, types.typtypmod) end,
            case when types.typnotnull then 'not null' end,
            'default ' || types.typdefault,
            (
                select pg_range.rngsubtype::regtype::text from pg_range
                where pg_range.rngtypid = types.oid
            )
        )
    from types
    inner join named on named.catalog = 'pg_type'::regclass and types.oid = named.oid

    union all

    select
        named.what,
        pg_get_constraintdef(pg_constraint.oid) || case when pg_constraint.convalidated then '' else ' (not valid)' end
    from pg_constraint
    inner join named on named.catalog = 'pg_constraint'::regclass and pg_constraint.oid = named.oid

    union all

    select
        named.what,
        concat_ws(
            ' ',
            pg_get_indexdef(pg_index.indexrelid),
            case when pg_index.indisclustered then 'clustered' end,
            case when pg_index.indisreplident then 'replica identity' end,
            case when not pg_index.indisvalid then 'invalid' end
        )
    from pg_index
    inner join named on named.catalog = 'pg_class'::regclass and pg_index.indexrelid = named.oid

    union all

    select
        named.what,
        pg_get_triggerdef(pg_trigger.oid) || ' enabled ' || pg_trigger.tgenabled::text
    from pg_trigger
    inner join named on named.catalog = 'pg_trigger'::regclass and pg_trigger.oid = named.oid

    union all

    select
        named.what,
        pg_get_ruledef(pg_rewrite.oid) || ' enabled ' || pg_rewrite.ev_enabled::text
    from pg_rewrite
    inner join named on named.catalog = 'pg_rewrite'::regclass and pg_rewrite.oid = named.oid
    where pg_rewrite.rulename <> '_RETURN'

    union all

    select
        named.what,
        concat_ws(
            ' ',
            pg_policy.polcmd,
            pg_policy.polpermissive,
            (
                select string_agg(case member when 0 then 'public' else member::regrole::text end, ', ' order by member::regrole::text collate "C")
                from unnest(pg_policy.polroles) as member
            ),
            pg_get_expr(pg_policy.polqual, pg_policy.polrelid),
            'check ' || pg_get_expr(pg_policy.polwithcheck, pg_policy.polrelid)
        )
    from pg_policy
    inner join named on named.catalog = 'pg_policy'::regclass and pg_policy.oid = named.oid

    union all

    select
        named.what,
        pg_get_statisticsobjdef(pg_statistic_ext.oid)
    from pg_statistic_ext
    inner join named on named.catalog = 'pg_statistic_ext'::regclass and pg_statistic_ext.oid = named.oid

    union all

    select
        named.what,
        concat_ws(
            ' ',
            event_triggers.evtevent,
            event_triggers.evttags,
            event_triggers.evtfoid::regprocedure,
            'enabled', event_triggers.evtenabled
        )
    from event_triggers
    inner join named on named.catalog = 'pg_event_trigger'::regclass and event_triggers.oid = named.oid

    union all

    select
        'comment on ' || named.what || coalesce(' column ' || (
            select quote_ident(pg_attribute.attname) from pg_attribute
            where
                named.catalog = 'pg_class'::regclass
                and pg_attribute.attrelid = named.oid
                and pg_attribute.attnum = nullif(pg_description.objsubid, 0)
        ), ''),
        pg_description.description
    from pg_description
    inner join named on pg_description.classoid = named.catalog and pg_description.objoid = named.oid

    union all

    select
        'security label of ' || pg_seclabel.provider || ' on ' || named.what || ' ' || pg_seclabel.objsubid,
        pg_seclabel.label
    from pg_seclabel
    inner join named on pg_seclabel.classoid = named.catalog and pg_seclabel.objoid = named.oid

    union all

    select
        'publication ' || quote_ident(pg_publication.pubname) || ' of ' || named.what,
        ''
    from pg_publication_rel
    inner join pg_publication on pg_publication_rel.prpubid = pg_publication.oid
    inner join named on named.catalog = 'pg_class'::regclass and pg_publication_rel.prrelid = named.oid

    union all

    select
        'default rights of ' || pg_default_acl.defaclrole::regrole::text || ' for ' || pg_default_acl.defaclobjtype::text,
        pg_default_acl.defaclacl::text
    from pg_default_acl
    where pg_default_acl.defaclnamespace = (select oid from space)

),

-- what has no facts of its own here is at least known to be there
final as (
    select what, facts from facts
    union all
    select named.what, ''
    from named
    where
        named.catalog not in (
            'pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass,
            'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass,
            'pg_event_trigger'::regclass, 'pg_rewrite'::regclass
        )
)

select what, coalesce(facts, '') as facts from final
order by what, facts
