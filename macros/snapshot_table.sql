{#-
  Takes a CREATE TABLE apart that stands in a circle with a routine: what its defaults and checks say is left for
  later. A column or a constraint stands on a line of its own, as pggit_audit writes them; a statement written
  otherwise comes back as it was. `sql` is an expression; the result is a query of one row: now, later.
-#}
{% macro snapshot_table_in_two(sql) -%}
select
    coalesce(
        parts.opening || coalesce(string_agg(E'\n    ' || e.kept, ',' order by e.element_no), '') || parts.closing,
        parts.sql
    ) as now,
    coalesce(string_agg(E'\n\n' || e.later, '' order by e.element_no), '') as later
from (
    {{ _snapshot_table_parts(sql) }}
) as parts
left join lateral (
    select
        l.element_no,
        case
            when c.groups is not null then c.groups[1] || c.null_rule
            when l.element not like 'CONSTRAINT %' then l.element
        end as kept,
        case
            when c.groups is not null
                then 'ALTER TABLE ONLY ' || parts.name || ' ALTER COLUMN '
                || substring(l.element from $re$^{{ snapshot_identifier() }}$re$)
                || ' SET DEFAULT ' || left(c.groups[2], length(c.groups[2]) - length(c.null_rule)) || ';'
            when l.element like 'CONSTRAINT %' then 'ALTER TABLE ' || parts.name || ' ADD ' || l.element || ';'
        end as later
    from (
        {{ _snapshot_table_elements() }}
    ) as l
    left join lateral (
        select
            d.groups,
            coalesce(substring(d.groups[2] from $re$(?: CONSTRAINT {{ snapshot_identifier() }})? NOT NULL(?: NO INHERIT)?$$re$), '') as null_rule
        from regexp_match(
            l.element, $re$^((?:[^"' ]|"(?:[^"]|"")*"| (?!DEFAULT ))+) DEFAULT (?!AS IDENTITY)(.*)$$re$
        ) as d (groups)
        where d.groups[1] !~ ' GENERATED '
    ) as c on true
) as e on e.kept is not null or e.later is not null
group by parts.sql, parts.opening, parts.closing
{%- endmacro %}


{#-
  Makes a table only as far as its first generated column, then the triggers that compare whole rows, then the rest of it:
  the server takes no such trigger on a table that has a generated column, but lets a table that has the trigger get one.
  `sql` and `triggers` are expressions; the result is a query of one row, or of none where the table has no generated
  column or inherits its columns.
-#}
{% macro snapshot_table_around_triggers(sql, triggers) -%}
select
    parts.opening
    || coalesce(string_agg(E'\n    ' || e.element, ',' order by e.element_no) filter (where e.is_before), '')
    || parts.closing
    || E'\n\n' || {{ triggers }} || E'\n\nALTER TABLE ' || parts.name
    || string_agg(
        case when e.element like 'CONSTRAINT %' then E'\n    ADD ' else E'\n    ADD COLUMN ' end || e.element,
        ',' order by e.element_no
    ) filter (where not e.is_before)
    || ';' as sql
from (
    {{ _snapshot_table_parts(sql) }}
) as parts
cross join lateral (
    select
        l.element_no,
        l.element,
        l.element not like 'CONSTRAINT %'
        and not bool_or(l.element ~ $re$^((?:[^"' ]|"(?:[^"]|"")*"| (?!DEFAULT ))+) GENERATED ALWAYS AS [(]$re$)
            over (order by l.element_no) as is_before
    from (
        {{ _snapshot_table_elements() }}
    ) as l
) as e
where parts.closing !~ '^\n[)] INHERITS '
group by parts.opening, parts.closing, parts.name
having bool_or(not e.is_before and e.element not like 'CONSTRAINT %')
{%- endmacro %}


{#- A CREATE TABLE as pggit_audit writes it: what opens it, its lines, what closes it, its name. -#}
{% macro _snapshot_table_parts(sql) -%}
select
    {{ sql }} as sql,
    m.groups[1] as opening,
    m.groups[2] as body,
    m.groups[3] as closing,
    substring(m.groups[1] from $re${{ snapshot_identifier() }}[.]{{ snapshot_identifier() }}$re$) as name
from (select 1) as one
left join lateral regexp_match(
    {{ sql }},
    $re$^([^\n('"]*(?:{{ snapshot_quoted() }}|[^\n('"])*\()((?:\n    (?:[^\n'"]|{{ snapshot_quoted() }})*)+)(\n\).*)$$re$
) as m (groups) on true
{%- endmacro %}


{#- The columns and constraints of `parts.body`: one on a line. -#}
{% macro _snapshot_table_elements() -%}
select
    r.element_no,
    rtrim(r.groups[1], ',') as element
from regexp_matches(parts.body, $re$\n    ((?:[^\n'"]|{{ snapshot_quoted() }})*)$re$, 'g') with ordinality as r (groups, element_no)
{%- endmacro %}
