#variable_conflict use_column
declare
    old_lines text[] := coalesce(string_to_array(old_text, e'\n'), '{}');
    new_lines text[] := coalesce(string_to_array(new_text, e'\n'), '{}');
    old_count integer := cardinality(old_lines);
    new_count integer := cardinality(new_lines);
    head integer := 0;
    tail integer := 0;
    width integer;
    lengths integer[];  -- at (i - 1) * width + j: of the longest common subsequence of what begins at i and at j
    i integer;
    j integer;
    result text[] := '{}';
begin
    while head < least(old_count, new_count) and old_lines[head + 1] = new_lines[head + 1] loop
        head := head + 1;
    end loop;

    while
        tail < least(old_count, new_count) - head
        and old_lines[old_count - tail] = new_lines[new_count - tail]
    loop
        tail := tail + 1;
    end loop;

    old_lines := old_lines[head + 1 : old_count - tail];
    new_lines := new_lines[head + 1 : new_count - tail];
    old_count := cardinality(old_lines);
    new_count := cardinality(new_lines);

    -- Beyond that the table of lengths would take longer than anybody waits: all old lines, then all new ones.
    if old_count::bigint * new_count > 1000000 then
        return array_to_string(
            array(select '- ' || line from unnest(old_lines) as line)
            || array(select '+ ' || line from unnest(new_lines) as line),
            e'\n'
        );
    end if;

    width := new_count + 1;
    lengths := array_fill(0, array[(old_count + 1) * width]);

    for i in reverse old_count .. 1 loop
        for j in reverse new_count .. 1 loop
            lengths[(i - 1) * width + j] := case
                when old_lines[i] = new_lines[j] then lengths[i * width + j + 1] + 1
                else greatest(lengths[i * width + j], lengths[(i - 1) * width + j + 1])
            end;
        end loop;
    end loop;

    i := 1;
    j := 1;

    while i <= old_count or j <= new_count loop
        if i <= old_count and j <= new_count and old_lines[i] = new_lines[j] then
            i := i + 1;
            j := j + 1;
        elsif
            j > new_count
            or (i <= old_count and lengths[i * width + j] >= lengths[(i - 1) * width + j + 1])
        then
            result := result || ('- ' || old_lines[i]);
            i := i + 1;
        else
            result := result || ('+ ' || new_lines[j]);
            j := j + 1;
        end if;
    end loop;

    return array_to_string(result, e'\n');
end;
