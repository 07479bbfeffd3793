{#-
  Common table expressions: which statement must wait for which. A statement waits for the objects that its text
  names; the text is cut into names once, and joined to the names that the tree defines.

  Classes of edges, weakest first, as a circle is broken:
    1  what may be needed, and is not named: the keys of a table that a view or a body names (only GROUP BY and ON
       CONFLICT need them), casts and operator classes, an operator's commutator
    2  a table waits for a routine: for a default or a check, which can be added to the table afterwards; not for what a
       generated column calls
    3  the object that is named has namesakes: it may be another of them that is meant
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
    cross join lateral (
        select coalesce(
            regexp_match(
                d.token,
                $re$^({{ snapshot_identifier() }})[.]({{ snapshot_identifier() }}|{{ snapshot_operator() }})$re$
            ),
            -- an access method is made as one, and used by USING
            array[
                replace(lower((regexp_match(d.token, '^(\w+)\s'))[1]), 'method', 'using'),
                (regexp_match(d.token, $re$^{{ snapshot_keyword() }}\s+({{ snapshot_identifier() }})$$re$))[1]
            ]
        ) as parts
    ) as p
    cross join lateral unnest(p.parts) with ordinality as u (part, part_no)
    where p.parts[2] is not null
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

-- The second statement of a view whose columns come first; or a view, as somebody wrote it.
replaced_views as materialized (
    select s.statement_no
    from statements as s
    join subjects as j on j.statement_no = s.statement_no
    where
        s.kind = 'replaced view'
        and exists (
            select from statements as v
            join subjects as vj on vj.statement_no = v.statement_no
            where v.kind = 'view' and vj.name = j.name
        )
),

nodes as materialized (
    select
        s.statement_no,
        k.kind,
        s.sql,
        j.name,
        row_number() over (
            order by
                case
                    when k.kind = 'routine' then 2
                    when k.kind = 'table' then 3
                    when k.kind in ('view', 'replaced view') then 5
                    when k.kind in ('attach', 'check', 'storage', 'key', 'unique index', 'alter type') then 4
                    else 1
                end,
                s.statement_no
        )::integer as node
    from statements as s
    left join subjects as j on j.statement_no = s.statement_no
    left join replaced_views as r on r.statement_no = s.statement_no
    cross join lateral (
        select case when s.kind = 'replaced view' and r.statement_no is null then 'view' else s.kind end as kind
    ) as k
    where
        s.phase = 3
        and not exists (select from constraint_indexes as c where c.statement_no = s.statement_no)
),

-- What a column is generated by: it is on the column's line.
generated as materialized (
    select
        n.node,
        g.groups[1] as line
    from nodes as n
    cross join lateral regexp_matches(n.sql, $re$\sGENERATED ALWAYS AS ([(][^\n]*)$re$, 'g') as g (groups)
    where n.kind = 'table'
),

mentions as materialized (
    select
        n.node,
        n.kind,
        names.name,
        bool_or(
            n.kind = 'table'
            and exists (select from generated as g where g.node = n.node and strpos(g.line, t.token) > 0)
        ) as is_generated
    from nodes as n
    join tokens as t on t.statement_no = n.statement_no
    join names on names.token = t.token
    -- What creates an object names it, but waits for none of its namesakes.
    where {{ _snapshot_defines('n.kind') }} is false or names.name <> n.name
    group by n.node, n.kind, names.name
),

definers as materialized (
    select
        name,
        node,
        kind,
        count(*) over (partition by name) as namesakes
    from nodes
    where {{ _snapshot_defines('kind') }} and kind <> 'shell type'
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
        n.kind = 'full type'
        and t.token = substring(n.sql from $re$(?i)\mmultirange_type_name\s*=\s*({{ snapshot_identifier() }}[.]{{ snapshot_identifier() }})$re$)
),

-- What names its own name again: a function is called as the view whose rows it returns, a view as the function it reads,
-- a function calls another one of its name.
namesakes as materialized (
    select
        n.node,
        n.kind,
        n.name
    from nodes as n
    join tokens as t on t.statement_no = n.statement_no
    join names on names.token = t.token
    where {{ _snapshot_defines('n.kind') }} and names.name = n.name
    group by n.node, n.kind, n.name
    having count(*) > 1
),

waits as materialized (
    select
        m.node as target,
        d.node as source,
        case
            when m.kind = 'operator' and d.kind = 'operator' then 1
            when m.kind = 'table' and d.kind = 'routine' and not m.is_generated then 2
            when d.namesakes > 1 then 3
            else 4
        end as class
    from mentions as m
    join definers as d on d.name = m.name
    -- The functions that a type is made of come before it: they take it as it is announced.
    where not (
        m.kind = 'routine' and d.kind = 'full type'
        and exists (
            select from mentions as i
            join nodes as r on r.name = i.name
            where i.node = d.node and r.node = m.node
        )
    )
    union all
    select
        n.node as target,
        d.node as source,
        3 as class
    from namesakes as n
    join definers as d on d.name = n.name and d.node <> n.node and (d.kind <> n.kind or n.kind = 'routine')
    union all
    select
        m.node as target,
        s.node as source,
        4 as class
    from nodes as s
    join mentions as m on m.name = s.name
    where s.kind = 'shell type'
    union all
    select
        f.node as target,
        s.node as source,
        4 as class
    from nodes as s
    join nodes as f on f.name = s.name
    where
        (s.kind = 'shell type' and f.kind = 'full type')
        -- no sequence is made where there is a type of its name; a type is, where there is a sequence
        or (s.kind = 'sequence' and f.sql ~* '^create\s+(?:type|domain)\M')
    union all
    select
        r.node as target,
        v.node as source,
        4 as class
    from nodes as v
    join nodes as r on r.name = v.name
    where v.kind = 'view' and r.kind = 'replaced view'
    union all
    {{ _snapshot_waits_of_heirs() }}
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
    -- A parent has names that the server made up; were its partition there before, with the same, it would get others.
    -- ATTACH PARTITION is said of the parent, INHERIT of the child.
    select
        case when a.inherits then own.node else other.node end as target,
        case when a.inherits then other.node else own.node end as source,
        1 as class
    from (
        select
            nodes.*,
            sql ~* $re${{ snapshot_alter_table('inherit') }}$re$ as inherits
        from nodes
    ) as a
    join mentions as m on m.node = a.node and m.name <> a.name
    join definers as own on own.name = a.name and own.kind = 'table'
    join definers as other on other.name = m.name and other.kind = 'table'
    where a.kind = 'attach'
    union all
    -- So has any table, for its NOT NULL, and one that inherited from it may have kept these.
    select
        c.node as target,
        p.node as source,
        1 as class
    from nodes as c
    cross join lateral regexp_matches(c.sql, $re$\mCONSTRAINT ({{ snapshot_identifier() }}) NOT NULL$re$, 'g') as n (groups)
    join nodes as p on p.kind = 'table' and p.node <> c.node
    where
        c.kind = 'table'
        and starts_with(
            {{ unquoted('n.groups[1]') }},
            {{ unquoted('substring(p.name from $re$[.](' ~ snapshot_identifier() ~ ')$$re$)') }} || '_'
        )
    union all
    select
        m.node as target,
        k.node as source,
        1 as class
    from nodes as k
    join mentions as m on m.name = k.name
    where k.kind in ('key', 'unique index') and m.kind in ('view', 'replaced view', 'routine')
    union all
    -- No text names a cast, or the operator class that is a type's default.
    select
        n.node as target,
        s.node as source,
        1 as class
    from nodes as s
    cross join nodes as n
    where
        s.kind in ('cast', 'operator class')
        and (
            n.kind in ('view', 'replaced view', 'key', 'unique index', 'check', 'alter type')
            or (n.kind = 'table' and n.sql ~* '::|\mpartition\s+by\M|\moperator\M')
            or (n.kind = 'routine' and n.sql ~* '\m(?:begin\s+atomic|return)\M')
        )
    union all
    select
        n.node as target,
        s.node as source,
        4 as class
    from nodes as s
    cross join nodes as n
    where s.kind = 'transform' and n.kind = 'routine' and n.sql ~* '\stransform\s+for\s+type\M'
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
),

{{ _snapshot_without_bodies() }}
{%- endmacro %}


{#- Whether a statement of this kind makes the object that it names first. -#}
{% macro _snapshot_defines(kind) -%}
({{ kind }} not in ('cast', 'transform', 'user mapping', 'replaced view', 'attach', 'check', 'storage', 'key', 'unique index', 'alter type'))
{%- endmacro %}


{#- What an heir waits for, and what waits for it, as a part of `waits`. -#}
{% macro _snapshot_waits_of_heirs() -%}
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
    -- No server makes an heir of columns that are stored otherwise. One that has for a while a parent with all its columns
    -- finds them there as they are in the end; the parents of any other may differ in the end, and do not at first.
    select
        case when o.is_in_order then n.node else s.node end as target,
        case when o.is_in_order then s.node else n.node end as source,
        4 as class
    from nodes as s
    join mentions as m on m.name = s.name
    join nodes as n on n.node = m.node
    cross join lateral (
        select n.sql ~* $re$\)\s*inherits\s*\({{ snapshot_identifier() }}[.]"columns of $re$ as is_in_order
    ) as o
    where s.kind = 'storage' and n.kind = 'table' and n.sql ~* '\)\s*inherits\s*\('
{%- endmacro %}


{#- Which routines come without their bodies at first, and how: the common table expressions `shells`, `without_bodies`. -#}
{% macro _snapshot_without_bodies() -%}
-- Routines, each also with a body that names nothing, and that no server puts in a call's place; and immutable, for an
-- index wants that when it is made, and does not ask again when the function is replaced.
shells as materialized (
    select
        n.node,
        n.statement_no,
        p.head is not null as is_parsed,
        regexp_replace(
            h.head || '$$begin return null; end$$' || r.rest || ';',
            v.language,
            -- what has become volatile behind an index on it
            case when v.may_be_immutable then '\1plpgsql immutable' else '\1plpgsql\2' end,
            'i'
        ) as without_body
    from nodes as n
    cross join lateral (
        select substring(n.sql from $re${{ snapshot_before_parsed_body() }}$re$) as head
    ) as p
    cross join lateral (
        select coalesce(p.head || ' as ', substring(n.sql from $re${{ snapshot_before_dollar_quote() }}$re$)) as head
    ) as h
    cross join lateral (
        -- what follows as a statement of its own (a comment) needs no body
        select
            case
                when p.head is not null then ''
                else substring(regexp_replace(substr(n.sql, length(h.head) + 1), '^(\$\w*\$).*\1', '') from '^[^;]*')
            end as rest
    ) as r
    cross join lateral (
        select
            l.language,
            h.head ~* '^create\s+or\s+replace\s+function\s'
            and regexp_replace(h.head || r.rest, l.language, '', 'i') !~* '\s(?:immutable|stable|volatile)\M' as may_be_immutable
        from (select '(\slanguage\s+)(?:sql|plpgsql)\M(\s+(?:stable|volatile)\M)?') as l (language)
    ) as v
    where
        n.kind = 'routine'
        and n.sql ~* '^create\s+or\s+replace\s'
        and h.head || r.rest ~* '\slanguage\s+(?:sql|plpgsql)\M'
        and length(h.head) < length(n.sql)
),

-- The server puts the body of a routine in the place of its call, or calls it, where a table, a key or an index has the
-- call in an expression: then it looks for the names in the body. By now these may be those of other things or of
-- nothing, or come later, or be found only through a search_path. So such a routine gets its body last. So does one that
-- is reached by way of an operator, or of a routine whose body is not quoted.
without_bodies as materialized (
    with recursive reached (origin, node) as (
        select node, node from shells where not is_parsed
        union
        select r.origin, e.target
        from reached as r
        join edges as e on e.source = r.node
        join nodes as n on n.node = e.target
        where n.kind in ('routine', 'operator')
    )
    select
        q.statement_no,
        q.without_body
    from shells as q
    where q.node in (
        select r.origin
        from reached as r
        join nodes as n on n.node = r.node
        join names on names.name = n.name
        join tokens as t on t.token = names.token
        where t.kind in ('table', 'index', 'unique index', 'key', 'check', 'attach', 'alter type', 'statistics')
    )
)
{%- endmacro %}
