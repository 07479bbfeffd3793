#variable_conflict use_column
declare
    sqls text[];              -- per statement
    phases integer[];
    shells text[];            -- per statement: a routine without its body, which comes later
    breakers text[];          -- per statement: a routine without its body, where that breaks a circle
    nodes_of integer[];       -- its node, where it is one
    node_count integer;
    kind_of text[];           -- per node
    first_edge_of integer[];  -- per node: its first edge in the three arrays that follow; one more entry at the end
    target_of integer[];      -- per edge
    class_of integer[];
    waits_for integer[];      -- per node: the edges that still hold it back
    waits_by integer[];       -- the same by class of edge, at (node - 1) * 4 + class
    place_of integer[];       -- per node: its place in the order, 0 as long as it has none
    in_order integer[];       -- the nodes that may run, in that order
    free_count integer := 0;
    chosen integer;
    held_by integer;
    in_two integer[] := '{}'; -- tables whose defaults and checks come later, routines whose bodies do
    script text;
begin
    with

    {{ snapshot_statements('schema_ddl.object_identities', 'schema_ddl.definitions') }},

    {{ snapshot_edges() }}

    select
        (
            select array_agg(s.sql order by s.statement_no)
            from statements as s
        ),
        (
            select array_agg(s.phase order by s.statement_no)
            from statements as s
        ),
        (
            select array_agg(w.without_body order by s.statement_no)
            from statements as s
            left join without_bodies as w on w.statement_no = s.statement_no
        ),
        (
            select array_agg(b.without_body order by s.statement_no)
            from statements as s
            left join shells as b on b.statement_no = s.statement_no and b.is_parsed
        ),
        (
            select array_agg(case when c.statement_no is not null then 0 else n.node end order by s.statement_no)
            from statements as s
            left join nodes as n on n.statement_no = s.statement_no
            left join constraint_indexes as c on c.statement_no = s.statement_no
        ),
        (
            select array_agg(n.kind order by n.node)
            from nodes as n
        ),
        (
            select array_agg(f.first_edge order by f.node)
            from first_edges as f
        ),
        (
            select array_agg(e.target order by e.source, e.target)
            from edges as e
        ),
        (
            select array_agg(e.class order by e.source, e.target)
            from edges as e
        )
    into sqls, phases, shells, breakers, nodes_of, kind_of, first_edge_of, target_of, class_of;

    -- A topological order (Kahn's algorithm): a statement takes its place after all that it waits for.
    node_count := coalesce(cardinality(kind_of), 0);
    first_edge_of := first_edge_of || (coalesce(cardinality(target_of), 0) + 1);
    waits_for := array_fill(0, array[node_count]);
    waits_by := array_fill(0, array[node_count * 4]);
    place_of := array_fill(0, array[node_count]);
    in_order := array_fill(0, array[node_count]);

    for edge in 1 .. coalesce(cardinality(target_of), 0) loop
        waits_for[target_of[edge]] := waits_for[target_of[edge]] + 1;
        held_by := (target_of[edge] - 1) * 4 + class_of[edge];
        waits_by[held_by] := waits_by[held_by] + 1;
    end loop;

    for node in 1 .. node_count loop
        if waits_for[node] = 0 then
            free_count := free_count + 1;
            in_order[free_count] := node;
        end if;
    end loop;

    for place in 1 .. node_count loop
        if place > free_count then
            -- A circle: the first statement goes ahead that only the weakest edges hold back (see snapshot_edges).
            chosen := null;
            for class in 1 .. 4 loop
                for node in 1 .. node_count loop
                    if place_of[node] = 0 then
                        held_by := waits_for[node];
                        for weaker in 1 .. class loop
                            held_by := held_by - waits_by[(node - 1) * 4 + weaker];
                        end loop;
                        if held_by = 0 then
                            chosen := node;
                            exit;
                        end if;
                    end if;
                end loop;
                exit when chosen is not null;
            end loop;
            if kind_of[chosen] in ('table', 'routine') then
                in_two := in_two || chosen;
            end if;
            waits_for[chosen] := 0;
            free_count := free_count + 1;
            in_order[free_count] := chosen;
        end if;

        chosen := in_order[place];
        place_of[chosen] := place;
        for edge in first_edge_of[chosen] .. first_edge_of[chosen + 1] - 1 loop
            held_by := (target_of[edge] - 1) * 4 + class_of[edge];
            waits_by[held_by] := waits_by[held_by] - 1;
            if waits_for[target_of[edge]] > 0 then
                waits_for[target_of[edge]] := waits_for[target_of[edge]] - 1;
                if waits_for[target_of[edge]] = 0 then
                    free_count := free_count + 1;
                    in_order[free_count] := target_of[edge];
                end if;
            end if;
        end loop;
    end loop;

    with

    statements as (
        select
            s.statement_no,
            s.sql,
            s.phase,
            s.shell,
            s.breaker,
            case when s.node > 0 then place_of[s.node] end as place,
            s.node = any(in_two) and (s.breaker is not null or kind_of[s.node] = 'table') as is_in_two
        from unnest(sqls, phases, shells, breakers, nodes_of) with ordinality as s (sql, phase, shell, breaker, node, statement_no)
        where s.node is distinct from 0
    ),

    -- After the tables come the defaults and checks that could not be part of them, and the parsed bodies that call one
    -- another; after all that has expressions, the bodies of the routines in these.
    pieces as (
        select statement_no, phase, place, coalesce(shell, sql) as sql
        from statements
        where is_in_two is distinct from true
        union all
        select statement_no, 9 as phase, place, sql
        from statements
        where shell is not null
        union all
        select s.statement_no, p.phase, s.place, p.sql
        from statements as s
        cross join lateral ({{ snapshot_table_in_two('s.sql') }}) as t
        cross join lateral (values (3, t.now), (4, ltrim(t.later, E'\n'))) as p (phase, sql)
        where s.is_in_two and s.breaker is null and p.sql <> ''
        union all
        select s.statement_no, p.phase, s.place, p.sql
        from statements as s
        cross join lateral (values (3, s.breaker), (4, s.sql)) as p (phase, sql)
        where s.is_in_two and s.breaker is not null
    )

    select string_agg(
        -- The index may have come with a key that its table declares in its own way.
        case
            when sql ~* '^create\s+(?:unique\s+)?index\M'
                then regexp_replace(sql, '^(create\s+(?:unique\s+)?index)\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?', '\1 IF NOT EXISTS ', 'i')
            else sql
        end,
        E'\n\n' order by phase, place, statement_no
    )
    into script
    from pieces;

    return 'set check_function_bodies = off;
set client_min_messages = warning;
set default_table_access_method = heap;
set default_tablespace = '''';
set search_path = '''';
set standard_conforming_strings = on;

'
        || coalesce(script || E'\n\n', '')
        || 'reset check_function_bodies;
reset client_min_messages;
reset default_table_access_method;
reset default_tablespace;
reset search_path;
reset standard_conforming_strings;
';
end;
