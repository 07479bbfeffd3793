{#- Facts of tables that decide what can be written to them, and what is read from them, as a query: oid, kind, fact.
    What is of kind `state`, `keys`, `member` or `right` is never as it should be. -#}
{% macro table_facts(relations) %}
    select
        pg_attribute.attrelid as oid,
        'column' as kind,
        pg_attribute.attname || ' ' || format_type(pg_attribute.atttypid, pg_attribute.atttypmod)
        || case when pg_attribute.attnotnull then ' not null' else '' end
        || case when pg_attribute.attidentity <> '' then ' identity' else '' end as fact
    from pg_attribute
    inner join {{ relations }} as r on pg_attribute.attrelid = r.oid
    where pg_attribute.attnum > 0 and not pg_attribute.attisdropped

    union all

    -- who alters that type, alters the table
    select
        r.oid,
        'type',
        'OF ' || r.reloftype::regtype
    from {{ relations }} as r
    where r.reloftype <> 0

    union all

    -- one that takes two texts for the same would blind whoever compares them
    select
        pg_attribute.attrelid,
        'collation',
        pg_attribute.attcollation::regcollation || ' of ' || pg_attribute.attname
    from pg_attribute
    inner join {{ relations }} as r on pg_attribute.attrelid = r.oid
    inner join pg_type on pg_attribute.atttypid = pg_type.oid
    where pg_attribute.attcollation <> pg_type.typcollation and pg_attribute.attnum > 0

    union all

    select
        pg_attrdef.adrelid,
        'default',
        pg_get_expr(pg_attrdef.adbin, pg_attrdef.adrelid) || ' of column number ' || pg_attrdef.adnum
    from pg_attrdef
    inner join {{ relations }} as r on pg_attrdef.adrelid = r.oid

    union all

    select
        pg_constraint.conrelid,
        'constraint',
        pg_get_constraintdef(pg_constraint.oid)
    from pg_constraint
    inner join {{ relations }} as r on pg_constraint.conrelid = r.oid
    where pg_constraint.contype in ('p', 'u', 'c', 'f', 'x')

    union all

    select
        pg_index.indrelid,
        case
            when pg_index.indisunique or pg_index.indexprs is not null or pg_index.indpred is not null then 'index'
            else 'plain index'
        end,
        case when pg_index.indisunique then 'unique' else '' end
        || substring(pg_get_indexdef(pg_index.indexrelid) from ' USING .*$')
        || case when pg_index.indisvalid and pg_index.indisready and pg_index.indislive then '' else ', not valid' end
    from pg_index
    inner join {{ relations }} as r on pg_index.indrelid = r.oid
    where not exists (select from pg_constraint where pg_constraint.conindid = pg_index.indexrelid)

    union all

    -- whoever analyzes the table runs their expressions
    select
        pg_statistic_ext.stxrelid,
        'statistics',
        pg_get_statisticsobjdef(pg_statistic_ext.oid)
    from pg_statistic_ext
    inner join {{ relations }} as r on pg_statistic_ext.stxrelid = r.oid
    where pg_statistic_ext.stxexprs is not null

    union all

    -- behind the name, what PostgreSQL prints of it but for its table and its function's schema, if that is its table's
    select
        pg_trigger.tgrelid,
        'trigger',
        pg_trigger.tgname || ':' || replace(
            replace(
                regexp_replace(
                    substring(
                        pg_get_triggerdef(pg_trigger.oid) from length('CREATE TRIGGER ' || quote_ident(pg_trigger.tgname)) + 1
                    ),
                    ' EXECUTE FUNCTION .*$', ''
                ),
                ' ON ' || quote_ident(table_schemas.nspname) || '.' || quote_ident(r.relname) || ' ', ' '
            ),
            -- as a temporary table is printed since PostgreSQL 15
            case when r.relnamespace = pg_my_temp_schema() then ' ON pg_temp.' || quote_ident(r.relname) || ' ' else '' end, ' '
        )
        || ' ' || case when pg_proc.pronamespace = r.relnamespace then '' else function_schemas.nspname || '.' end || pg_proc.proname
        || case when pg_trigger.tgnargs = 0 then '' else ' with arguments' end
        || case pg_trigger.tgenabled when 'D' then ', disabled' when 'R' then ', for replicas alone' else '' end
    from pg_trigger
    inner join {{ relations }} as r on pg_trigger.tgrelid = r.oid
    inner join pg_namespace as table_schemas on r.relnamespace = table_schemas.oid
    inner join pg_proc on pg_trigger.tgfoid = pg_proc.oid
    inner join pg_namespace as function_schemas on pg_proc.pronamespace = function_schemas.oid
    where not pg_trigger.tgisinternal

    union all

    select
        pg_rewrite.ev_class,
        'rule',
        pg_rewrite.rulename::text
    from pg_rewrite
    inner join {{ relations }} as r on pg_rewrite.ev_class = r.oid
    where r.relkind <> 'v'

    union all

    select
        r.oid,
        states.kind,
        states.fact
    from {{ relations }} as r
    cross join lateral (
        values
        (r.relkind <> 'r', 'state', 'it is no ordinary table'),
        (r.relpersistence = 'u', 'state', 'it is unlogged: a crash of the server empties it'),
        (
            r.relrowsecurity or r.relforcerowsecurity or exists (select from pg_policy where pg_policy.polrelid = r.oid),
            'state',
            'row security hides rows'
        ),
        (
            exists (select from pg_inherits where pg_inherits.inhparent = r.oid),
            'state',
            'a child table adds rows of its own'
        ),
        (
            exists (select from pg_inherits where pg_inherits.inhrelid = r.oid),
            'state',
            'it is the child of another table, through which its rows can be changed past its triggers'
        ),
        (
            exists (
                select from pg_trigger
                where pg_trigger.tgrelid = r.oid and pg_trigger.tgisinternal and pg_trigger.tgenabled not in ('O', 'A')
            ),
            'keys',
            'its foreign keys are not looked at'
        ),
        -- what a table has is nothing where its own row says that it has none: PostgreSQL looks there first
        (
            (not r.relhastriggers and exists (select from pg_trigger where pg_trigger.tgrelid = r.oid))
            or (not r.relhasindex and exists (select from pg_index where pg_index.indrelid = r.oid))
            or r.relchecks <> (
                select count(*) from pg_constraint
                where pg_constraint.conrelid = r.oid and pg_constraint.contype = 'c'
            ),
            'state',
            'its triggers, indexes or checks are passed by: pg_class says that it has none'
        ),
        (
            exists (
                select from pg_constraint
                inner join pg_index on pg_constraint.conindid = pg_index.indexrelid
                where
                    pg_constraint.conrelid = r.oid
                    and pg_constraint.contype in ('p', 'u')
                    and not (
                        pg_index.indisunique
                        and pg_index.indisvalid
                        and pg_index.indisready
                        and pg_index.indislive
                        and pg_index.indimmediate <> pg_constraint.condeferrable
                    )
            ),
            'keys',
            'the index of a key is out of use'
        ),
        (
            {{ _is_member('pg_class', 'r.oid') }},
            'member',
            'it is part of an extension, so that pg_dump leaves out its rows'
        )
    ) as states (is_so, kind, fact)
    where states.is_so

    union all

    -- whoever may write here without being the owner could do so past verify_change
    select
        r.oid,
        'right',
        rights.fact
    from {{ relations }} as r
    inner join (
        {{ rights_of_others() }}
    ) as rights on r.oid = rights.oid
{% endmacro %}


{#- Whether an extension has an object among its parts: somebody may add it, and a dump then holds CREATE EXTENSION in its place. -#}
{% macro _is_member(catalog, oid) -%}
    exists (
        select from pg_depend
        where
            pg_depend.classid = '{{ catalog }}'::regclass
            and pg_depend.objid = {{ oid }}
            and pg_depend.deptype = 'e'
    )
{%- endmacro %}
