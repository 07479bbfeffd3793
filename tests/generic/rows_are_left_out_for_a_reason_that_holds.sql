{% test rows_are_left_out_for_a_reason_that_holds(model, history, reason='null::text') %}

with

judged as (

    select
        history.version_id,
        history.object_schema,
        history.object_name,
        history.object_type,
        history.transaction_id,
        history.change_sql,
        {{ reason }} as reason,
        {{ exclusion_reason('history') }} as expected_reason
    from {{ model }} as accounted
    inner join {{ history }} as history on accounted.v1_version_id = history.version_id

),

-- what wrote rows of several times is a restore: it wrote all of the catalog, under other oids
restored as (

    select transaction_id from {{ history }}
    group by transaction_id
    having min(created_at) <> max(created_at)

),

-- by the live catalog: what is no extension's, with the transaction that wrote it
of_nobody as (

    select
        'routine' as kind,
        null::name as schema_name,
        pg_proc.oid::text as name,
        pg_proc.xmin::text::bigint as transaction_id
    from pg_proc
    where not exists (
        select from pg_depend
        where
            pg_depend.classid = 'pg_proc'::regclass
            and pg_depend.objid = pg_proc.oid
            and pg_depend.refclassid = 'pg_extension'::regclass
            and pg_depend.deptype = 'e'
    )

    union all

    select
        'relation' as kind,
        pg_namespace.nspname as schema_name,
        pg_class.relname::text as name,
        pg_class.xmin::text::bigint as transaction_id
    from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    left join pg_index on pg_class.oid = pg_index.indexrelid
    where not exists (
        select from pg_depend
        where
            pg_depend.classid = 'pg_class'::regclass
            and pg_depend.objid in (pg_class.oid, pg_index.indrelid)
            and pg_depend.refclassid = 'pg_extension'::regclass
            and pg_depend.deptype = 'e'
    )

),

-- that there ever was one: it is among the objects, or a finding says that it could not be made again
extensions as (

    select published.object_identity from {{ published('changes') }} as published
    where published.object_type = 'EXTENSION'

    union all

    select object_identity from {{ ref('int_replay__events') }}
    where object_type = 'EXTENSION' or findings @> '[{"code": "extension_not_made"}]'

    union all

    select published.code from {{ published('findings') }} as published
    where published.code = 'extension_not_made'

)

select * from judged
where
    (
        reason is distinct from expected_reason
        -- what a build makes is in a schema that is hidden, or temporary
        or (
            reason = 'made by a build of this project'
            and object_schema not in ('{{ hidden_schemas().keys() | map("replace", "'", "''") | join("', '") }}')
            and object_schema not like 'pg\_temp%'
            -- v1 does not know the schema of such an index
            and (
                object_type <> 'INDEX'
                or object_schema <> 'public'
                or object_name not like '"%'
                or exists (
                    select from of_nobody
                    where
                        of_nobody.kind = 'relation'
                        and of_nobody.name = {{ unquoted('judged.object_name') }}
                        and of_nobody.schema_name not in ('{{ hidden_schemas().keys() | map("replace", "'", "''") | join("', '") }}')
                )
            )
        )
    )
    -- the replay finds out what came with an extension
    and (
        expected_reason is null
        and reason = 'member of a created extension'
        and object_type in ('FUNCTION', 'PROCEDURE', 'TABLE', 'VIEW', 'INDEX')
        and exists (select from extensions)
        and not exists (
            select from of_nobody
            where
                of_nobody.transaction_id = judged.transaction_id
                and of_nobody.transaction_id not in (select restored.transaction_id from restored where restored.transaction_id is not null)
                and of_nobody.name = judged.object_name
                and (
                    (of_nobody.kind = 'routine' and judged.object_type in ('FUNCTION', 'PROCEDURE'))
                    or (of_nobody.kind = 'relation' and of_nobody.schema_name = judged.object_schema)
                )
        )
    ) is not true

{% endtest %}
