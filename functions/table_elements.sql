#variable_conflict use_column
begin
    return query
    with

    tokens as (

        select
            m.no,
            m.parts[1] as token,
            upper(m.parts[1]) as word
        from
            regexp_matches(
                definition,
                -- comments, strings, quoted names, dollar quotes, words, spaces, and all else by itself
                $re$(--[^\n]*|/\*.*?\*/|[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$.*?\$\2\$|[[:alpha:]_][\w$]*|\s+|.)$re$,
                'g'
            ) with ordinality as m (parts, no)

    ),

    depths as (

        select
            no,
            case when token ~ '^(--|/[*]|\s)' then ' ' else token end as token,
            word,
            sum(case token when '(' then 1 when ')' then -1 else 0 end) over (order by no) as depth
        from tokens

    ),

    -- the list of columns and constraints is the first one in parentheses
    bounds as (

        select
            opening.no as opens,
            min(closing.no) as closes
        from (select min(no) as no from depths where token = '(') as opening
        inner join depths as closing on opening.no < closing.no and closing.depth = 0 and closing.token = ')'
        where {{ definition_object_type('definition') }} in ('TABLE', 'FOREIGN TABLE')
        group by opening.no

    ),

    elements as (

        select
            depths.no,
            depths.token,
            depths.word,
            depths.depth,
            count(*) filter (where depths.depth = 1 and depths.token = ',') over (order by depths.no) as element_no,
            depths.depth = 1 and depths.token = ',' as is_separator,
            depths.token = ' ' as is_space
        from depths
        cross join bounds
        where depths.no > bounds.opens and depths.no < bounds.closes

    ),

    -- neighbours in the same element, spaces aside
    words as (

        select
            no,
            word,
            depth,
            row_number() over element as word_no,
            lag(word) over element as word_before,
            lead(word) over element as word_after
        from elements
        where not is_separator and not is_space
        window element as (partition by element_no order by no)

    ),

    -- a column is its name, its type, and what is said of it clause by clause
    clauses as (

        select
            elements.element_no,
            elements.no,
            elements.token,
            words.word,
            words.word_no,
            count(*) filter (
                where
                    words.depth = 1
                    and words.word_no > 2
                    and coalesce(words.word_before, '') not in ('::', ':', '.', 'IS')
                    and (
                        words.word in (
                            'COLLATE', 'DEFAULT', 'GENERATED', 'CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'REFERENCES', 'STORAGE',
                            'COMPRESSION', 'OPTIONS'
                        )
                        or (words.word = 'NOT' and words.word_after = 'NULL')
                        or (words.word = 'NULL' and words.word_before not in ('NOT', 'DEFAULT'))
                    )
            ) over (partition by elements.element_no order by elements.no) as clause_no
        from elements
        left join words on elements.no = words.no
        where not elements.is_separator

    ),

    columns as (

        select
            element_no,
            max(token) filter (where word_no = 1) as name,
            max(word) filter (where word_no = 1) as first_word,
            max(token) filter (where word_no = 2) as second,
            min(no) filter (where word_no = 1) as first_no,
            min(no) filter (where word_no = 2) as second_no
        from clauses
        group by element_no

    ),

    parts as (

        select
            clauses.element_no,
            clauses.clause_no,
            (array_agg(clauses.word order by clauses.no) filter (where clauses.word is not null and clauses.no > columns.first_no))[1] as head,
            (array_agg(clauses.word order by clauses.no) filter (where clauses.word is not null and clauses.no > columns.first_no))[1:4] as heads,
            btrim(string_agg(clauses.token, '' order by clauses.no) filter (where clauses.no > columns.first_no)) as words
        from clauses
        inner join columns on clauses.element_no = columns.element_no
        group by clauses.element_no, clauses.clause_no

    ),

    facts as (

        select
            element_no,
            string_agg(words, ' ' order by clause_no) filter (
                where (clause_no = 0 and words <> 'WITH OPTIONS') or (clause_no > 0 and head = 'COLLATE')
            ) as column_type,
            string_agg(regexp_replace(words, '^default ', '', 'i'), ' ' order by clause_no) filter (
                where clause_no > 0 and head in ('DEFAULT', 'GENERATED')
            ) as column_default,
            not bool_or(
                clause_no > 0
                and (head in ('NOT', 'PRIMARY') or (head = 'GENERATED' and 'IDENTITY' = any(heads)))
            ) as is_nullable
        from parts
        group by element_no

    )

    select
        columns.element_no::integer + 1,
        columns.first_word = any(constraint_words.words),
        case
            when columns.first_word = 'CONSTRAINT' then {{ unquoted('columns.second') }}
            when columns.first_word <> all(constraint_words.words) then {{ unquoted('columns.name') }}
        end,
        btrim((
            select string_agg(clauses.token, '' order by clauses.no)
            from clauses
            where
                clauses.element_no = columns.element_no
                and (columns.first_word <> 'CONSTRAINT' or clauses.no > columns.second_no)
        )),
        facts.column_type,
        facts.column_default,
        facts.is_nullable
    from columns
    cross join (
        values (array['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN', 'EXCLUDE', 'LIKE'])
    ) as constraint_words (words)
    left join facts on columns.element_no = facts.element_no and columns.first_word <> all(constraint_words.words)
    where columns.name is not null

    union all

    -- what is added behind the CREATE TABLE
    select
        100000 + added.no::integer,
        true,
        {{ unquoted('added.parts[1]') }},
        added.parts[2],
        null,
        null,
        null
    from
        regexp_matches(
            definition,
            $re$\mALTER (?:FOREIGN )?TABLE (?:ONLY )?(?:"(?:[^"]|"")*"|[^\s"])+ ADD CONSTRAINT ("(?:[^"]|"")*"|[\w$]+) ((?:[^;'"]|'(?:[^']|'')*'|"(?:[^"]|"")*")+);$re$,
            'g'
        ) with ordinality as added (parts, no)
    where {{ definition_object_type('definition') }} in ('TABLE', 'FOREIGN TABLE')

    order by 1;
end;
