{#-
  The kinds of statement that a definition is made of: name, phase of the rebuild, pattern. The first that matches
  counts. The statements of phase 3 find their order among themselves (snapshot_edges); those of another phase may
  run in any order.
-#}
{% macro snapshot_kinds() %}
    {% set constraint = snapshot_constraint() %}
    {% do return([
        ['schema', 1, '^create\s+schema\M'],
        ['extension', 2, '^create\s+extension\M'],
        ['shell type', 3, '^create\s+type\s+' ~ snapshot_identifier() ~ '(?:[.]' ~ snapshot_identifier() ~ ')?$'],
        ['full type', 3, '^create\s+type\s+' ~ snapshot_identifier() ~ '(?:[.]' ~ snapshot_identifier() ~ ')?\s*(?:[(]|as\s+range\M)'],
        ['operator', 3, '^create\s+operator\s+(?!class\M|family\M)'],
        ['operator class', 3, '^create\s+operator\s+class\M'],
        ['cast', 3, '^create\s+cast\M'],
        ['transform', 3, '^create\s+(?:or\s+replace\s+)?transform\M'],
        ['user mapping', 3, '^create\s+user\s+mapping\M'],
        ['table', 3, '^create\s+(?:(?:global|local|unlogged|temp|temporary|foreign)\s+)*table\M'],
        ['replaced view', 3, '^create\s+or\s+replace\s+view\M'],
        ['view', 3, '^create\s+(?:or\s+replace\s+)?(?:recursive\s+|materialized\s+)?view\M'],
        ['routine', 3, '^create\s+(?:or\s+replace\s+)?(?:function|procedure|aggregate)\M'],
        ['unique index', 3, '^create\s+unique\s+index\M'],
        ['index', 5, '^create\s+index\M'],
        ['statistics', 5, '^create\s+statistics\M'],
        ['trigger', 9, '^create\s+(?:or\s+replace\s+)?(?:constraint\s+)?(?:trigger|rule)\M'],
        ['policy', 10, '^create\s+policy\M'],
        ['event trigger', 12, '^(?:create|alter|comment\s+on)\s+event\s+trigger\M'],
        ['comment', 11, '^comment\M'],
        ['rest', 8, '^create\s+(?:publication|subscription)\M'],
        ['sequence', 3, '^create\s+sequence\M'],
        ['other', 3, '^create\M'],
        ['alter type', 3, '^alter\s+(?:type|domain)\M'],
        ['index attach', 6, '^alter\s+index\M.*\sattach\s+partition\M'],
        ['attach', 3, snapshot_alter_table('attach|inherit')],
        ['check', 3, snapshot_alter_table(constraint ~ 'check')],
        ['storage', 3, snapshot_alter_table('alter\s+column\s+' ~ snapshot_identifier() ~ '\s+set\s+storage')],
        ['key', 3, snapshot_alter_table(constraint ~ '(?:primary|unique|exclude)')],
        ['foreign key', 7, snapshot_alter_table(constraint ~ 'foreign')],
        ['trigger', 9, '^alter\s+trigger\M'],
        ['trigger', 9, snapshot_alter_table('(?:enable|disable)\s+(?:(?:replica|always)\s+)?(?:trigger|rule)')],
        ['policy', 10, snapshot_alter_table('(?:enable|disable|force|no\s+force)\s+row')],
        ['rest', 8, '']
    ]) %}
{% endmacro %}


{#- Common table expressions: the statements of definitions, in the order of path and definition, each with its kind. -#}
{% macro snapshot_statements(paths, definitions) -%}
objects as materialized (
    select
        row_number() over (order by t.path collate "C") as object_no,
        t.definition,
        -- A body may hold semicolons that end nothing: a routine stays whole, as do a rule and all that is dollar-quoted.
        t.definition ~* '^\s*create\s+(?:or\s+replace\s+)?(?:function|procedure|rule)\M'
        or (
            strpos(t.definition, '$') > 0
            and regexp_replace(t.definition, $re${{ snapshot_quoted() }}$re$, '', 'g') ~ '\$(?:[[:alpha:]_][[:alnum:]_]*)?\$'
        ) as is_whole
    from unnest({{ paths }}, {{ definitions }}) as t (path, definition)
),

pieces as materialized (
    select
        o.object_no,
        p.piece_no,
        regexp_replace(btrim(p.sql, E' \t\r\n;'), $re${{ snapshot_leading_comments() }}$re$, '') as sql
    from objects as o
    cross join lateral (
        select array_agg(m.groups[1] order by m.piece_no) as found
        from regexp_matches(o.definition, $re${{ snapshot_statement() }}$re$, 'g') with ordinality as m (groups, piece_no)
        where not o.is_whole
    ) as s
    cross join lateral unnest(
        -- A quote that is never closed makes the pieces fall short of the whole.
        case when array_to_string(s.found, '') = o.definition then s.found else array[o.definition] end
    ) with ordinality as p (sql, piece_no)
),

kinds as materialized (
    select
        row_number() over (order by object_no, piece_no)::integer as statement_no,
        -- The last line may be a comment, which would swallow the semicolon.
        sql || case when strpos(sql, '--') > 0 then E'\n;' else ';' end as sql,
        case
            {%- for kind, phase, pattern in snapshot_kinds() %}
            when sql ~* $re${{ pattern }}$re$ then '{{ kind }}'
            {%- endfor %}
        end as kind
    from pieces
    where sql <> ''
),

-- Checks that are not valid, and that an heir has for itself, too: made before the heir, they would make its own valid. So
-- they come behind all heirs, which take them over, as in a dump.
unvalidated as materialized (
    select
        k.statement_no,
        n.groups[1] as table_name,
        n.groups[2] as constraint_name
    from kinds as k
    cross join lateral regexp_matches(
        k.sql,
        $re$(?i)^alter\s+table\s+only\s+({{ snapshot_identifier() }}[.]{{ snapshot_identifier() }})\s+add\s+constraint\s+({{ snapshot_identifier() }})\s+check\M$re$
    ) as n (groups)
    where k.kind = 'check' and k.sql ~* '\snot\s+valid;$'
),

inherited as materialized (
    select distinct parents.groups[1] as table_name
    from kinds as k
    cross join lateral substring(
        k.sql,
        case
            when k.kind = 'table' then $re$(?i)\)\s*inherits\s*\(([^()]*(?:"(?:[^"]|"")*"[^()"]*)*)\)$re$
            else $re$(?i)\sinherit\s(.*)$re$
        end
    ) as list
    cross join lateral regexp_matches(list, $re$({{ snapshot_identifier() }}[.]{{ snapshot_identifier() }})$re$, 'g') as parents (groups)
    where k.kind in ('table', 'attach') and exists (select from unvalidated)
),

checks_of_heirs as materialized (
    select u.statement_no
    from unvalidated as u
    where
        u.table_name in (select i.table_name from inherited as i)
        and exists (
            select from unvalidated as o
            where o.constraint_name = u.constraint_name and o.table_name <> u.table_name
        )
),

-- Triggers that no table takes once it has a generated column.
of_whole_rows as materialized (
    select
        k.statement_no,
        k.sql,
        substring(k.sql from $re$\sON ({{ snapshot_identifier() }}[.]{{ snapshot_identifier() }}) FOR EACH ROW WHEN $re$) as table_name
    from kinds as k
    where k.kind = 'trigger' and k.sql ~ $re$^CREATE TRIGGER {{ snapshot_identifier() }} BEFORE .*\mnew[.][*]$re$
),

around_triggers as materialized (
    select
        k.statement_no,
        w.statement_nos,
        a.sql
    from (
        select
            table_name,
            string_agg(sql, E'\n\n' order by statement_no) as triggers,
            array_agg(statement_no) as statement_nos
        from of_whole_rows
        group by table_name
    ) as w
    join kinds as k
        on k.kind = 'table'
        and substring(k.sql from $re${{ snapshot_identifier() }}[.]{{ snapshot_identifier() }}$re$) = w.table_name
    cross join lateral (
        {{ snapshot_table_around_triggers('k.sql', 'w.triggers') }}
    ) as a
),

statements as materialized (
    select
        k.statement_no,
        case
            when a.statement_no is not null then a.sql
            when h.statement_no is null then k.sql
            else regexp_replace(k.sql, '^(alter\s+table)\s+only\s', '\1 ', 'i')
        end as sql,
        k.kind,
        case
            -- with the rest
            when h.statement_no is not null then 8
            {%- for kind, phase, pattern in snapshot_kinds() %}
            when k.kind = '{{ kind }}' then {{ phase }}
            {%- endfor %}
        end as phase
    from kinds as k
    left join checks_of_heirs as h on h.statement_no = k.statement_no
    left join around_triggers as a on a.statement_no = k.statement_no
    where k.statement_no not in (select unnest(o.statement_nos) from around_triggers as o)
)
{%- endmacro %}
