declare
    branch_at text := coalesce(branch, 'main');
    last_event bigint;  -- of the branch at hand: behind it, its child went its own way
    found text;
    fork text;
begin
    if moment is null then
        raise exception 'A commit is asked for at no moment.' using
            errcode = 'null_value_not_allowed',
            hint = 'Give the moment as a timestamp, such as timestamp ''2024-03-01 12:00''.';
    end if;

    if not exists (
        select from {{ ref('changes').include(database=false) }} as c where c.branch_name = branch_at
    ) then
        raise exception 'There is no branch %.', quote_literal(branch_at) using
            errcode = 'no_data_found',
            hint = 'The branches: select distinct branch_name from {{ ref("changes").include(database=false) }};';
    end if;

    loop
        select c.commit_sha into found
        from {{ ref('changes').include(database=false) }} as c
        where
            c.branch_name = branch_at
            and c.committed_at <= moment
            and (last_event is null or c.event_no <= last_event)
        order by c.event_no desc
        limit 1;

        if found is not null then
            return found;
        end if;

        -- Nothing of its own by then: what its parent had, up to where it was left.
        select c.parent_commit_sha into fork
        from {{ ref('changes').include(database=false) }} as c
        where c.branch_name = branch_at
        order by c.event_no
        limit 1;

        select c.branch_name, max(c.event_no) into branch_at, last_event
        from {{ ref('changes').include(database=false) }} as c
        where c.commit_sha = fork and c.branch_name <> branch_at
        group by c.branch_name
        order by 2 desc
        limit 1;

        if branch_at is null then
            return null;
        end if;
    end loop;
end;
