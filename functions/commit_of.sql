declare
    found text[];
begin
    if short_sha ~ '^[0-9a-f]{4,64}$' then
        -- Whatever the collation, "g" comes behind every digit of a SHA.
        select array_agg(g.commit_sha order by g.commit_sha) into found
        from (
            select commit_graph.commit_sha
            from {{ source('pggit_v0', 'commit_graph').include(database=false) }} as commit_graph
            where commit_graph.commit_sha >= short_sha and commit_graph.commit_sha < short_sha || 'g'
            limit 2
        ) as g;
    else
        select array[commit_graph.commit_sha] into found
        from {{ source('pggit_v0', 'commit_graph').include(database=false) }} as commit_graph
        where commit_graph.commit_sha = short_sha;
    end if;

    if cardinality(found) > 1 then
        raise exception 'More than one commit begins with %, such as % and %.', short_sha, found[1], found[2] using
            errcode = 'cardinality_violation',
            hint = 'Give more characters of the SHA.';
    elsif found is null then
        raise exception 'There is no commit % in {{ source("pggit_v0", "commit_graph").include(database=false) }}.', coalesce(quote_literal(short_sha), 'NULL') using
            errcode = 'no_data_found',
            hint = 'Give the SHA of a commit, or four or more of its first characters. The tips of the branches: select name, target_sha from {{ source("pggit_v0", "refs").include(database=false) }};';
    end if;

    return found[1];
end;
