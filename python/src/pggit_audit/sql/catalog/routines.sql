-- Routines.

-- kind: FUNCTION
-- Aggregates are FUNCTIONs here, as in pggit.object_type, which has no kind of their own.
select
    'pg_proc'::regclass::oid as classid,
    p.oid as objid,
    case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end as object_type,
    n.nspname::text as object_schema,
    p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as object_name,
    (pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity as object_identity,
    case
        when p.prokind <> 'a' then rtrim(pg_get_functiondef(p.oid), E'\n') || ';'
        else (
            select
                format('CREATE AGGREGATE %I.%I(%s) (', n.nspname, p.proname, coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'))
                || E'\n    SFUNC = ' || a.aggtransfn::text
                || E',\n    STYPE = ' || format_type(a.aggtranstype, null)
                || case when a.aggtransspace <> 0 then E',\n    SSPACE = ' || a.aggtransspace else '' end
                || case when a.aggfinalfn <> 0 then E',\n    FINALFUNC = ' || a.aggfinalfn::text else '' end
                || case when a.aggfinalfn <> 0 and a.aggfinalextra then E',\n    FINALFUNC_EXTRA' else '' end
                || case
                    when a.aggfinalfn <> 0 and a.aggfinalmodify <> case when a.aggkind = 'n' then 'r' else 'w' end
                        then E',\n    FINALFUNC_MODIFY = ' || case a.aggfinalmodify when 'r' then 'READ_ONLY' when 's' then 'SHAREABLE' else 'READ_WRITE' end
                    else ''
                end
                || case when a.aggcombinefn <> 0 then E',\n    COMBINEFUNC = ' || a.aggcombinefn::text else '' end
                || case when a.aggserialfn <> 0 then E',\n    SERIALFUNC = ' || a.aggserialfn::text else '' end
                || case when a.aggdeserialfn <> 0 then E',\n    DESERIALFUNC = ' || a.aggdeserialfn::text else '' end
                || coalesce(E',\n    INITCOND = ' || quote_literal(a.agginitval), '')
                || case when a.aggmtransfn <> 0 then E',\n    MSFUNC = ' || a.aggmtransfn::text || E',\n    MINVFUNC = ' || a.aggminvtransfn::text || E',\n    MSTYPE = ' || format_type(a.aggmtranstype, null) else '' end
                || case when a.aggmtransspace <> 0 then E',\n    MSSPACE = ' || a.aggmtransspace else '' end
                || case when a.aggmfinalfn <> 0 then E',\n    MFINALFUNC = ' || a.aggmfinalfn::text else '' end
                || case when a.aggmfinalfn <> 0 and a.aggmfinalextra then E',\n    MFINALFUNC_EXTRA' else '' end
                || case
                    when a.aggmfinalfn <> 0 and a.aggmfinalmodify <> case when a.aggkind = 'n' then 'r' else 'w' end
                        then E',\n    MFINALFUNC_MODIFY = ' || case a.aggmfinalmodify when 'r' then 'READ_ONLY' when 's' then 'SHAREABLE' else 'READ_WRITE' end
                    else ''
                end
                || coalesce(E',\n    MINITCOND = ' || quote_literal(a.aggminitval), '')
                || case when a.aggsortop <> 0 then E',\n    SORTOP = ' || (select format('OPERATOR(%I.%s)', opn.nspname, o.oprname) from pg_catalog.pg_operator as o join pg_catalog.pg_namespace as opn on opn.oid = o.oprnamespace where o.oid = a.aggsortop) else '' end
                || case when a.aggkind = 'h' then E',\n    HYPOTHETICAL' else '' end
                || case p.proparallel when 's' then E',\n    PARALLEL = SAFE' when 'r' then E',\n    PARALLEL = RESTRICTED' else '' end
                || E'\n);'
            from pg_catalog.pg_aggregate as a
            where a.aggfnoid = p.oid
        )
    end
    || case when p.prokind = 'a' then '' else {extensions:format('%s %I.%I(%s)', case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end, n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))|p.oid|pg_proc} end
    || coalesce(
        format(E'\nCOMMENT ON %s %I.%I(%s) IS ', 
            case p.prokind when 'p' then 'PROCEDURE' when 'a' then 'AGGREGATE' else 'FUNCTION' end,
            n.nspname, p.proname,
            case when p.prokind = 'a' and p.pronargs = 0 then '*' else pg_get_function_identity_arguments(p.oid) end) || quote_literal(obj_description(p.oid, 'pg_proc')) || ';', ''
    ) as definition
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where
    {only:p.oid} and {hidden:n} and {member:pg_proc:p.oid}
    and not exists (
        select from pg_catalog.pg_depend as d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i'
    )
