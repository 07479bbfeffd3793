{% test columns_are_those_that_v1_recorded(model, history) %}
{%- set type_end = '(?!COLLATE |DEFAULT |GENERATED |CONSTRAINT |NOT NULL)' %}

with

-- Definitions print a column, or a constraint, on a line of its own; PostgreSQL breaks one only within a CASE.
tables as (

    select
        changes.change_id,
        changes.event_no,
        changes.branch_name,
        history.new_metadata -> 'columns' as recorded_columns,
        (regexp_match(
            changes.new_definition,
            $re$^[^\n('"]*(?:{{ snapshot_quoted() }}|[^\n('"])*\(((?:\n(?!\))(?:[^\n'"]|{{ snapshot_quoted() }})*)+)\n\)$re$
        ))[1] as body,
        -- a column that is inherited stands in the definition of the parent, and so may its NOT NULL; where there is a parent
        -- for the columns' order, its columns are what is compared
        {{ own_definition('changes.new_definition') }} ~ $re$^(?:[^'";]|{{ snapshot_quoted() }})*\) INHERITS \($re$ as inherits,
        -- since 18 a NOT NULL may be a constraint that no row was checked for
        case
            when changes.new_definition like '% NOT VALID;%'
                then replace(changes.new_definition, ' NO INHERIT NOT VALID;', ' NOT VALID;')
            else ''
        end as not_valid
    from {{ model }} as changes
    inner join {{ history }} as history on changes.v1_version_id = history.version_id
    where
        changes.object_type = 'TABLE'
        and changes.change_type <> 'DROP'
        and changes.fidelity in ('exact', 'repaired')
        and jsonb_typeof(history.new_metadata -> 'columns') = 'object'
        and history.new_metadata -> 'columns' <> '{}'
        -- the columns of a typed table stand in the definition of the type
        and changes.new_definition !~ $re$^CREATE (?:UNLOGGED )?TABLE {{ snapshot_identifier() }}[.]{{ snapshot_identifier() }} OF $re$

),

lines as (

    select
        tables.change_id,
        tables.event_no,
        tables.branch_name,
        tables.inherits,
        tables.not_valid,
        lines.line_no,
        rtrim(lines.groups[1], ',') as line
    from tables
    cross join lateral regexp_matches(
        tables.body,
        $re$\n    ((?:[^\n'"]|{{ snapshot_quoted() }}|\n(?= *(?:CASE|WHEN|ELSE|END)\M))*)$re$,
        'g'
    ) with ordinality as lines (groups, line_no)
    where lines.groups[1] not like 'CONSTRAINT %'

),

printed as (

    select
        change_id,
        event_no,
        branch_name,
        inherits,
        line_no,
        {{ unquoted('substring(line from $re$^' ~ snapshot_identifier() ~ '$re$)') }} as column_name,
        substring(
            line from $re$^{{ snapshot_identifier() }} ((?:[^" ]|"(?:[^"]|"")*"| {{ type_end }})+)$re$
        ) as type_name,
        line ~ ' NOT NULL(?: NO INHERIT)?$'
        or position(
            ' NOT NULL ' || substring(line from $re$^{{ snapshot_identifier() }}$re$) || ' NOT VALID;'
            in not_valid
        ) > 0 as is_not_null
    from lines

),

-- v1 read information_schema: there, a column of a domain has the type of the domain.
type_changes as (

    select
        object_identity,
        branch_name,
        event_no,
        new_definition
    from {{ with_published(model, 'changes', 'change_id') }} as changes
    where object_type = 'TYPE'

),

domains as (

    select object_identity
    from type_changes
    where new_definition like 'CREATE DOMAIN %'

),

-- What is no domain has no type beneath, and counts where it took the name of one.
types as materialized (

    select distinct
        object_identity,
        branch_name,
        event_no,
        substring(
            new_definition from $re$^CREATE DOMAIN {{ snapshot_identifier() }}[.]{{ snapshot_identifier() }} AS ((?:[^" ;\n]|"(?:[^"]|"")*"| {{ type_end }})+)$re$
        ) as base_type,
        new_definition ~ $re$^(?:[^'"\n]|{{ snapshot_quoted() }})* NOT NULL$re$ as is_not_null
    from type_changes
    where object_identity in (select object_identity from domains)

),

-- A domain may also be an extension's: then the catalog has it, as long as the extension is there.
extensions as (

    select distinct
        substring(
            new_definition from $re$ WITH SCHEMA ({{ snapshot_identifier() }})$re$
        ) as object_schema
    from {{ with_published(model, 'changes', 'change_id') }} as changes
    where
        object_type = 'EXTENSION'
        and new_definition is not null

),

members as materialized (

    select
        named.type_name,
        format_type(pg_type.typbasetype, pg_type.typtypmod) as base_type,
        coalesce(pg_type.typnotnull, false) as is_not_null,
        pg_type.oid is null as is_gone
    from (
        select distinct printed.type_name
        from printed
        where
            printed.type_name ~ $re$^{{ snapshot_identifier() }}[.]{{ snapshot_identifier() }}$$re$
            and substring(printed.type_name from $re$^{{ snapshot_identifier() }}$re$) in (select object_schema from extensions)
            and printed.type_name not in (select object_identity from type_changes)
    ) as named
    left join pg_type on pg_type.oid = to_regtype(named.type_name)
    where pg_type.oid is null or pg_type.typtype = 'd'

),

resolved as (

    select
        printed.change_id,
        printed.inherits,
        printed.line_no,
        printed.column_name,
        coalesce(types.base_type, members.base_type, printed.type_name) as type_name,
        printed.is_not_null
        or coalesce(types.base_type is not null and types.is_not_null, members.is_not_null, false) as is_not_null,
        coalesce(members.is_gone, false) as is_of_what_is_gone
    from printed
    left join members on printed.type_name = members.type_name
    left join lateral (
        select * from types
        where
            types.object_identity = printed.type_name
            and types.event_no <= printed.event_no
        order by types.branch_name = printed.branch_name desc, types.event_no desc
        limit 1
    ) as types on true

),

defined as (

    select
        resolved.change_id,
        resolved.inherits,
        resolved.column_name,
        row_number() over (partition by resolved.change_id order by resolved.line_no) as place,
        case when resolved.type_name like '%[]' then '_' else '' end
        || case
            when resolved.type_name ~ $re$^{{ snapshot_identifier() }}[.]$re$
                then {{ unquoted('substring(resolved.type_name from $re$^' ~ snapshot_identifier() ~ '[.](' ~ snapshot_identifier() ~ ')$re$)') }}
            else (
                select pg_type.typname from pg_type
                where pg_type.oid = to_regtype(replace(resolved.type_name, '[]', ''))
            )
        end
        || coalesce(
            substring(resolved.type_name from '^(?:character|character varying|bpchar|bit|bit varying)(\([0-9]+\))$'), ''
        ) as type_name,
        not resolved.is_not_null as is_nullable,
        resolved.is_of_what_is_gone
    from resolved

),

recorded as (

    select
        tables.change_id,
        columns.name as column_name,
        row_number() over (partition by tables.change_id order by (columns.fact ->> 'position')::integer) as place,
        columns.fact ->> 'type' as type_name,
        (columns.fact ->> 'nullable')::boolean as is_nullable
    from tables
    cross join lateral jsonb_each(tables.recorded_columns) as columns (name, fact)
    where
        not tables.inherits
        or exists (
            select from defined
            where
                defined.change_id = tables.change_id
                and defined.column_name = columns.name
        )

)

select
    coalesce(defined.change_id, recorded.change_id) as change_id,
    coalesce(defined.column_name, recorded.column_name) as column_name,
    defined.place as place_in_definition,
    recorded.place as recorded_place,
    defined.type_name as type_in_definition,
    recorded.type_name as recorded_type,
    defined.is_nullable as nullable_in_definition,
    recorded.is_nullable as recorded_nullable
from defined
full join recorded
    on defined.change_id = recorded.change_id
    and defined.column_name = recorded.column_name
where
    defined.place is distinct from recorded.place
    or (defined.type_name is distinct from recorded.type_name and defined.is_of_what_is_gone is not true)
    or (defined.is_nullable is distinct from recorded.is_nullable and defined.inherits is not true)

{% endtest %}
