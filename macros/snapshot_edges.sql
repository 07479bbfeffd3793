{#-
  Common table expressions: which statement must wait for which. A statement waits for the objects that its text
  names; the text is cut into names once, and joined to the names that the tree defines.

  Classes of edges, weakest first, as a circle is broken:
    1  a view or a body waits for the keys of the tables that it names (only GROUP BY and ON CONFLICT need them)
    2  a table waits for a routine: for a default or a check, which can be added to the table afterwards
    3  the routine that is named has namesakes: it may be another of them that is meant
    4  anything else
-#}
{% macro snapshot_edges() -%}
tokens as materialized (
    select
        s.statement_no,
        s.kind,
        t.token_no,
        case
            when t.groups[1] not like '''%' then t.groups[1]
            -- nextval('public.orders_id_seq'::regclass) names a sequence; other literals name nothing.
            else replace(replace(ltrim(t.groups[1], ''''), '''''', ''''), '\\', '\')
        end as token
    from statements as s
    cross join lateral regexp_matches(
        -- A quoted body is not looked at when the routine is created.
        case
            when s.kind = 'routine' then substring(s.sql from $re${{ snapshot_before_dollar_quote() }}$re$)
            else s.sql
        end,
        $re${{ snapshot_mention() }}$re$, 'g'
    ) with ordinality as t (groups, token_no)
    where
        s.phase in (3, 5)
        and (t.groups[1] not like '''%' or t.groups[1] like '%::reg%')
),

names as materialized (
    select
        d.token,
        p.parts[1] as schema_part,
        string_agg(
            case
                when part ~ '^"[a-z_][a-z0-9_$]*"$' then btrim(part, '"')
                when part like '"%' then part
                else lower(part)
            end,
            '.' order by part_no
        ) as name
    from (select distinct token from tokens) as d
    cross join lateral regexp_match(
        d.token, $re$^({{ snapshot_identifier() }})[.]({{ snapshot_identifier() }})$re$
    ) as p (parts)
    cross join lateral unnest(p.parts) with ordinality as u (part, part_no)
    group by d.token, p.parts
),

-- What a statement is about: the object that it creates, or the table that it alters or indexes.
subjects as materialized (
    select distinct on (t.statement_no)
        t.statement_no,
        n.name,
        n.schema_part
    from tokens as t
    join names as n on n.token = t.token
    order by t.statement_no, t.token_no
),

-- The index of a constraint comes with the constraint, under its name.
index_names as materialized (
    select
        s.statement_no,
        s.kind,
        j.schema_part || '.' || case
            when s.kind = 'key' then substring(s.sql from $re$(?i)\sadd\s+constraint\s+({{ snapshot_identifier() }})$re$)
            else substring(s.sql from $re$(?i)^create\s+(?:unique\s+)?index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?({{ snapshot_identifier() }})$re$)
        end as index_name
    from statements as s
    join subjects as j on j.statement_no = s.statement_no
    where s.kind in ('index', 'unique index', 'key')
),

constraint_indexes as materialized (
    select statement_no
    from index_names
    where kind <> 'key' and index_name in (select k.index_name from index_names as k where k.kind = 'key')
),

nodes as materialized (
    select
        s.statement_no,
        s.kind,
        s.sql,
        j.name,
        row_number() over (
            order by
                case s.kind when 'other' then 1 when 'routine' then 2 when 'table' then 3 when 'view' then 5 else 4 end,
                s.statement_no
        )::integer as node
    from statements as s
    left join subjects as j on j.statement_no = s.statement_no
    where
        s.phase = 3
        and not exists (select from constraint_indexes as c where c.statement_no = s.statement_no)
),

mentions as materialized (
    select distinct
        n.node,
        n.kind,
        names.name
    from nodes as n
    join tokens as t on t.statement_no = n.statement_no
    join names on names.token = t.token
    -- What creates an object names it, but waits for none of its namesakes.
    where n.kind not in ('table', 'view', 'routine', 'other') or names.name <> n.name
),

definers as materialized (
    select
        name,
        node,
        kind,
        count(*) over (partition by name) as namesakes
    from nodes
    where kind in ('table', 'view', 'routine', 'other')
    union all
    -- A range type brings its multirange type along.
    select
        names.name,
        n.node,
        n.kind,
        1 as namesakes
    from nodes as n
    join tokens as t on t.statement_no = n.statement_no
    join names on names.token = t.token
    where
        n.kind = 'other'
        and t.token = substring(n.sql from $re$(?i)\mmultirange_type_name\s*=\s*({{ snapshot_identifier() }}[.]{{ snapshot_identifier() }})$re$)
),

waits as materialized (
    select
        m.node as target,
        d.node as source,
        case
            when m.kind = 'table' and d.kind = 'routine' then 2
            when d.namesakes > 1 then 3
            else 4
        end as class
    from mentions as m
    join definers as d on d.name = m.name
    union all
    -- A child table takes over its parent's checks, and must have them when it is attached.
    select
        m.node as target,
        c.node as source,
        4 as class
    from nodes as c
    join mentions as m on m.name = c.name
    join nodes as n on n.node = m.node
    where c.kind = 'check' and (n.kind = 'attach' or (n.kind = 'table' and n.sql ~* '\)\s*inherits\s*\('))
    union all
    -- A key that is there before a partition is attached would make an index of a name of its own.
    select
        k.node as target,
        m.node as source,
        4 as class
    from nodes as k
    join mentions as m on m.name = k.name
    where k.kind in ('key', 'unique index') and m.kind = 'attach'
    union all
    select
        m.node as target,
        k.node as source,
        1 as class
    from nodes as k
    join mentions as m on m.name = k.name
    where k.kind in ('key', 'unique index') and m.kind in ('view', 'routine')
),

edges as materialized (
    select
        source,
        target,
        max(class) as class
    from waits
    where source <> target
    group by source, target
),

first_edges as (
    select
        n.node,
        1 + coalesce(sum(count(e.target)) over (order by n.node rows between unbounded preceding and 1 preceding), 0)::integer as first_edge
    from nodes as n
    left join edges as e on e.source = n.node
    group by n.node
)
{%- endmacro %}
