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
        select
            r.element_no,
            rtrim(r.groups[1], ',') as element
        from regexp_matches(parts.body, $re$\n    ((?:[^\n'"]|{{ snapshot_quoted() }})*)$re$, 'g') with ordinality as r (groups, element_no)
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
