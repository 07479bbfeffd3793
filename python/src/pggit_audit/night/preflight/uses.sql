/* pggit-audit preflight */
-- Texts outside v1 that may name something of it: object_type, object, part, language, text.
with

hidden as (
    select oid from pg_namespace
    where nspname = any(%(hidden)s) or nspname ~ '^pg_' or nspname = 'information_schema'
),

members as (
    select classid, objid from pg_depend where deptype = 'e'
),

texts as (

    select 'pg_proc'::regclass as classid, p.oid as objid, 'body' as part, l.lanname::text as language,
        case when p.prosqlbody is null then p.prosrc else pg_get_function_sqlbody(p.oid) end as text
    from pg_proc as p
    inner join pg_language as l on p.prolang = l.oid
    where p.pronamespace not in (select oid from hidden) and l.lanname not in ('internal', 'c')

    union all

    select 'pg_proc'::regclass, p.oid, 'arguments', 'expression', pg_get_function_arguments(p.oid)
    from pg_proc as p
    where p.pronamespace not in (select oid from hidden) and p.pronargdefaults > 0

    union all

    select 'pg_class'::regclass, c.oid, 'query', 'sql', pg_get_viewdef(c.oid)
    from pg_class as c
    where c.relkind in ('v', 'm') and c.relnamespace not in (select oid from hidden)

    union all

    select 'pg_rewrite'::regclass, r.oid, 'rule', 'sql', pg_get_ruledef(r.oid)
    from pg_rewrite as r
    inner join pg_class as c on r.ev_class = c.oid
    where r.rulename <> '_RETURN' and c.relnamespace not in (select oid from hidden)

    union all

    select 'pg_trigger'::regclass, t.oid, 'trigger', 'sql', pg_get_triggerdef(t.oid)
    from pg_trigger as t
    inner join pg_class as c on t.tgrelid = c.oid
    where not t.tgisinternal and c.relnamespace not in (select oid from hidden)

    union all

    select 'pg_policy'::regclass, p.oid, 'policy', 'expression',
        concat_ws(e';\n', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_policy as p
    inner join pg_class as c on p.polrelid = c.oid
    where c.relnamespace not in (select oid from hidden)

    union all

    select 'pg_attrdef'::regclass, d.oid,
        case a.attgenerated when '' then 'default' else 'generated column' end, 'expression',
        pg_get_expr(d.adbin, d.adrelid)
    from pg_attrdef as d
    inner join pg_attribute as a on d.adrelid = a.attrelid and d.adnum = a.attnum
    inner join pg_class as c on d.adrelid = c.oid
    where c.relnamespace not in (select oid from hidden)

    union all

    select 'pg_constraint'::regclass, n.oid, 'constraint', 'expression', pg_get_constraintdef(n.oid)
    from pg_constraint as n
    where n.connamespace not in (select oid from hidden)

    union all

    select 'pg_class'::regclass, i.indexrelid, 'index', 'expression', pg_get_indexdef(i.indexrelid)
    from pg_index as i
    inner join pg_class as c on i.indexrelid = c.oid
    where (i.indexprs is not null or i.indpred is not null) and c.relnamespace not in (select oid from hidden)

    union all

    select 'pg_statistic_ext'::regclass, s.oid, 'statistics', 'expression',
        array_to_string(pg_get_statisticsobjdef_expressions(s.oid), e';\n')
    from pg_statistic_ext as s
    where s.stxexprs is not null and s.stxnamespace not in (select oid from hidden)

)

select
    identified.type as object_type,
    identified.identity as object,
    texts.part,
    texts.language,
    texts.text
from texts
cross join lateral pg_identify_object(texts.classid, texts.objid, 0) as identified
where
    position(%(schema)s in lower(texts.text)) > 0
    and not exists (select from members where members.classid = texts.classid and members.objid = texts.objid)
order by 1, 2, 3
