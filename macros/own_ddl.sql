{#-
  What the build itself makes must not become history: pgGit v1 records the DDL of whoever makes something, a build's
  as well. Where the role may, the tracker's event triggers do not fire for it; where it may not, v1's rows about it
  are told from all others by the id of the transaction that wrote them, which the build notes in own_transactions.
-#}

{% macro own_ddl_begins() %}
    {%- do adapter.ensure_transaction() -%}
    {%- call statement('own_ddl') -%}{{ own_ddl_first() | join(';\n') }}{%- endcall -%}
{% endmacro %}


{#- Statements, which end with a semicolon, for which no event trigger fires where the role may see to that: DDL that is nobody's
    business (temporary objects, descriptions, an empty schema). Sent with others, as one text or in a transaction. -#}
{% macro unheard(statements) -%}
    {%- set may = may_pause_event_triggers() -%}
    {%- if may %}set local session_replication_role = replica;{% endif %}
    {{ statements }}
    {%- if may %}
    set local session_replication_role = origin;{% endif %}
{%- endmacro %}


{% macro own_ddl_ends() %}
    {%- if may_pause_event_triggers() -%}
        {%- call statement('resume') -%}set local session_replication_role = origin{%- endcall -%}
    {%- endif -%}
{% endmacro %}


{#- The same for the session that fills a Python model's new table: statements to run before it is made. -#}
{% macro own_ddl_first() %}
    {%- set first = [note_own_transaction('build')] -%}
    {%- if may_pause_event_triggers() -%}
        {#- Event triggers only: the statements that follow are DDL, and no row of a guarded table is written. -#}
        {%- do first.append('set local session_replication_role = replica') -%}
    {%- endif -%}
    {{ return(first) }}
{% endmacro %}


{% macro may_pause_event_triggers() %}
    {%- set server = adapter.run_once("
        select
            current_setting('is_superuser') = 'on' as is_superuser,
            current_setting('server_version_num')::integer as version
    ").rows[0] -%}
    {%- if server['is_superuser'] -%}{{ return(true) }}{%- endif -%}
    {#- before 15, no right on a setting can be granted, and there is no function to ask for it -#}
    {%- if server['version'] < 150000 -%}{{ return(false) }}{%- endif -%}
    {{ return(adapter.run_once(
        "select has_parameter_privilege('session_replication_role', 'set') as may_pause"
    ).rows[0]['may_pause']) }}
{% endmacro %}


{#- Not ref(): whatever makes something notes it there. -#}
{% macro own_transactions() -%}
    {{ work_table('own_transactions') }}
{%- endmacro %}


{% macro own_transaction_seals() -%}
    {{ work_table('own_transaction_seals') }}
{%- endmacro %}


{% macro note_own_transaction(purpose) -%}
    insert into {{ own_transactions() }} (transaction_id, purpose, noted_by, began_at)
    values (pg_current_xact_id()::text::bigint, {{ dbt.string_literal(purpose) }}, current_user, localtimestamp)
    on conflict (transaction_id) do nothing
{%- endmacro %}


{#- Whether a note is of a transaction in which a build made something: that of the summary may have, too. -#}
{% macro is_a_builds(purpose) -%}
    {{ purpose }} in ('build', 'summary')
{%- endmacro %}


{#- Whether nothing of a build is there yet: no notes, or those of a run of the night alone. Asked of the server: dbt's
    cache is not filled yet when schemas are made. -#}
{% macro is_the_first_build() %}
    {%- if not _relation_if_there(own_transactions()) -%}{{ return(true) }}{%- endif -%}
    {{ return(run_query(
        "select count(*) > 0 and bool_and(purpose = 'night') as is_first from " ~ own_transactions()
    ).rows[0]['is_first']) }}
{% endmacro %}


{#- For on-run-start: before the first relation is made, the place to note it. -#}
{% macro ensure_own_transactions() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed', 'clone') -%}
        {#- where the night was here first, the table has no guards yet -#}
        {%- if is_the_first_build() -%}{%- do _make_place_for_notes('own_transactions') -%}{%- endif -%}
        {%- if not _relation_if_there(published_tables()) -%}{%- do _make_place_for_notes('published_tables') -%}{%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro _make_place_for_notes(name) %}
    {%- set node = _model_node(name) -%}
    {%- set relation = api.Relation.create(
        database=node.database, schema=node.schema, identifier=node.alias, type='table'
    ) -%}
    {#- a build of functions alone makes no schema of its own -#}
    {%- if not adapter.check_schema_exists(node.database, node.schema) -%}
        {%- do adapter.create_schema(api.Relation.create(database=node.database, schema=node.schema)) -%}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append(adapter.quote(column.name) ~ ' ' ~ column.data_type
            ~ (' primary key' if loop.first else ' not null')) -%}
    {%- endfor -%}
    {%- call statement('create') -%}
        {%- if may_pause_event_triggers() %}
        set local session_replication_role = replica;
        {%- endif %}
        create table if not exists {{ relation.include(database=false) }} ({{ columns | join(', ') }});
        {{ make_guards(relation, context[node.config.meta.guard](relation)) }}
        {%- if may_pause_event_triggers() %}
        set local session_replication_role = origin;
        {%- endif %}
        {{ note_own_transaction('build') }};
        {%- if name == 'published_tables' %}
        {#- what earlier versions of the project made has no note #}
        {%- for table in _tables_that_grow() %}
        {{ note_published_table(table) }};
        {%- endfor %}
        {%- endif %}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {%- if name == 'published_tables' -%}
        {#- in a transaction of its own: with it, a missing table of notes is no older version of the project -#}
        {%- do adapter.ensure_transaction() -%}
        {%- call statement('noted') -%}{{ note_own_transaction('notes') }}{%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
    {%- do adapter.cache_added(relation) -%}
{% endmacro %}


{#- Not ref(): whatever makes a table that only grows notes it there. -#}
{% macro published_tables() -%}
    {{ work_table('published_tables') }}
{%- endmacro %}


{#- The tables of the project that only grow and are nobody else's, as nodes. -#}
{% macro _tables_that_grow() %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {{ return(graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('config.materialized', 'equalto', 'append_only')
        | rejectattr('config.meta.must_exist', 'defined')
        | sort(attribute='name') | list) }}
{% endmacro %}


{#- Where it is there. -#}
{% macro note_published_table(node) -%}
    insert into {{ published_tables() }} (table_name, noted_at)
    select {{ dbt.string_literal(node.name) }}, localtimestamp
    where to_regclass({{ dbt.string_literal(adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias)) }}) is not null
    on conflict (table_name) do nothing
{%- endmacro %}


{#- Raises an error where a table is gone in which builds published what cannot be made anew, or their notes are. -#}
{% macro _preflight_published_tables() %}
    {%- set again = var('made_anew', []) -%}
    {%- set noted = [] -%}
    {%- if _relation_if_there(published_tables()) -%}
        {%- set noted = run_query("
            select table_name, to_char(noted_at, 'YYYY-MM-DD HH24:MI') as noted_at from " ~ published_tables() ~ " order by noted_at, table_name
        ").rows -%}
    {%- elif _relation_if_there(own_transactions()) -%}
        {%- set noted = run_query("
            select 'published_tables' as table_name, to_char(min(began_at), 'YYYY-MM-DD HH24:MI') as noted_at
            from " ~ own_transactions() ~ " where purpose = 'notes' having count(*) > 0
        ").rows -%}
    {%- endif -%}
    {%- for row in noted -%}
        {%- set node = _model_node(row['table_name']) -%}
        {%- if node and not _relation_if_there(adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.alias)) -%}
            {%- set name = node.schema ~ '.' ~ node.alias -%}
            {%- if row['table_name'] in again -%}
                {%- do exceptions.warn(name ~ ' is made anew, as the variable made_anew says: what builds published in it is lost.') -%}
            {%- else -%}
                {%- do _source_error(
                    'Table ' ~ name ~ ' is gone, in which builds have published since ' ~ row['noted_at'] ~ ': somebody dropped or '
                    ~ 'renamed it. What was in it cannot be made anew.',
                    "Bring it back, from a backup if need be. If it is lost for good, say so: --vars '{made_anew: ["
                    ~ row['table_name'] ~ "]}'; the gate then says what the other tables miss of it."
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}


{#- For on-run-end, behind all that notes anything: a seal on the notes that have none, on moves of refs, anchors and notes of
    tables as well. A note that another transaction wrote than the one it names gets none, so that the gate goes on saying so; a
    restored copy has all of them written so, and the first seal takes what it finds. -#}
{% macro seal_own_transactions() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed') and _seals_can_be_set() -%}
        {%- set seals = own_transaction_seals() -%}
        {%- do adapter.ensure_transaction() -%}
        {%- call statement('seal') %}
        lock table {{ seals }} in share row exclusive mode;

        with

        sealed as (
            select unnest(transaction_ids) as transaction_id from {{ seals }}
        ),

        known as (
            select
                own.xmin::text::bigint as writer,
                own.xmin::text::bigint = own.transaction_id % 4294967296 as is_its_own
            from {{ own_transactions() }} as own
            where own.transaction_id in (select sealed.transaction_id from sealed)
        ),

        waiting as (
            select
                own.transaction_id,
                own.purpose
            from {{ own_transactions() }} as own
            where
                own.transaction_id not in (select sealed.transaction_id from sealed)
                and (
                    not exists (select from sealed)
                    -- a part of a transaction of somebody's own has another id
                    or own.purpose = 'verification'
                    or own.xmin::text::bigint = own.transaction_id % 4294967296
                    or (
                        not exists (select from known where known.is_its_own)
                        and own.xmin::text::bigint in (select known.writer from known)
                    )
                )
        ),

        last_seal as (
            select
                coalesce(max(seals.seal_no), 0) as seal_no,
                coalesce(max(seals.last_move_no), 0) as last_move_no,
                coalesce(max(seals.last_anchor_no), 0) as last_anchor_no
            from {{ seals }} as seals
        ),

        seal as (
            select
                last_seal.seal_no + 1 as seal_no,
                now() as sealed_at,
                pg_current_xact_id()::text::bigint as transaction_id,
                array(select waiting.transaction_id from waiting order by waiting.transaction_id) as transaction_ids,
                coalesce(
                    (select seals.digest from {{ seals }} as seals where seals.seal_no = last_seal.seal_no),
                    {{ audit_first_hash() }}
                ) as previous_digest,
                greatest(last_seal.last_move_no, (select max(moves.move_no) from {{ work_table('ref_moves') }} as moves)) as last_move_no,
                greatest(
                    last_seal.last_anchor_no, (select max(anchors.entry_no) from {{ work_table('compliance_anchors') }} as anchors)
                ) as last_anchor_no,
                array(
                    select tables.table_name
                    from {{ published_tables() }} as tables
                    where not exists (select from {{ seals }} as seals where tables.table_name = any(seals.table_names))
                    order by tables.table_name collate "C"
                ) as table_names,
                last_seal.last_move_no as earlier_move_no,
                last_seal.last_anchor_no as earlier_anchor_no
            from last_seal
        ),

        needed as (
            select seal.*
            from seal
            where
                -- what sealed last is no reason to seal again
                exists (select from waiting where waiting.purpose <> 'seal')
                or seal.last_move_no > seal.earlier_move_no
                or seal.last_anchor_no > seal.earlier_anchor_no
                or seal.table_names <> '{}'
        ),

        note as (
            insert into {{ own_transactions() }} (transaction_id, purpose, noted_by, began_at)
            select needed.transaction_id, 'seal', current_user, localtimestamp from needed
        )

        insert into {{ seals }} (
            seal_no, sealed_at, transaction_id, transaction_ids, previous_digest, digest, last_move_no, last_anchor_no, table_names
        )
        select
            needed.seal_no,
            needed.sealed_at,
            needed.transaction_id,
            needed.transaction_ids,
            needed.previous_digest,
            {{ seal_digest('needed', own_transactions(), work_table('ref_moves'), work_table('compliance_anchors'), published_tables()) }},
            needed.last_move_no,
            needed.last_anchor_no,
            needed.table_names
        from needed
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{% endmacro %}


{#- Where a command made but a part of the tables, or some are those of an earlier version still, the next one seals. -#}
{% macro _seals_can_be_set() %}
    {%- for name in ['own_transaction_seals', 'ref_moves', 'compliance_anchors', 'published_tables'] -%}
        {%- set node = _model_node(name) -%}
        {%- set relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias, type='table'
        ) -%}
        {%- if not _relation_if_there(work_table(name)) or missing_columns(relation, node) -%}{{ return(false) }}{%- endif -%}
    {%- endfor -%}
    {{ return(true) }}
{% endmacro %}


{#- Over the seal, and all that the notes say that it covers: those of transactions, and since it has names of tables, what
    came since the seal before of moves and anchors (after its earlier_move_no and earlier_anchor_no), and of tables. -#}
{% macro seal_digest(seal, own_transactions, ref_moves, compliance_anchors, published_tables) -%}
    encode(sha256(convert_to((
        jsonb_build_array(
            {{ seal }}.seal_no,
            {{ seal }}.sealed_at at time zone 'UTC',
            {{ seal }}.transaction_id,
            {{ seal }}.transaction_ids,
            {{ seal }}.previous_digest,
            (
                select
                    jsonb_agg(
                        jsonb_build_array(covered.transaction_id, covered.purpose, covered.noted_by, covered.began_at)
                        order by covered.transaction_id
                    )
                from {{ own_transactions }} as covered
                where covered.transaction_id = any({{ seal }}.transaction_ids)
            )
        )
        || case
            when {{ seal }}.table_names is null then '[]'::jsonb
            else jsonb_build_array(
                {{ seal }}.last_move_no,
                {{ seal }}.last_anchor_no,
                {{ seal }}.table_names,
                (
                    select
                        jsonb_agg(
                            jsonb_build_array(covered.move_no, covered.ref_name, covered.target_sha, covered.moved_at at time zone 'UTC')
                            order by covered.move_no
                        )
                    from {{ ref_moves }} as covered
                    where covered.move_no > {{ seal }}.earlier_move_no and covered.move_no <= {{ seal }}.last_move_no
                ),
                (
                    select
                        jsonb_agg(
                            jsonb_build_array(
                                covered.entry_no, covered.entry_hash, covered.anchored_at at time zone 'UTC',
                                covered.last_seal_no, covered.last_seal_digest
                            )
                            order by covered.entry_no
                        )
                    from {{ compliance_anchors }} as covered
                    where
                        covered.entry_no > {{ seal }}.earlier_anchor_no
                        and covered.entry_no <= {{ seal }}.last_anchor_no
                ),
                (
                    select
                        jsonb_agg(jsonb_build_array(covered.table_name, covered.noted_at) order by covered.table_name collate "C")
                    from {{ published_tables }} as covered
                    where covered.table_name = any({{ seal }}.table_names)
                )
            )
        end
    )::text, 'UTF8')), 'hex')
{%- endmacro %}


{#- Whether a time without a zone is that moment in some zone: zones are quarters of hours apart. -#}
{% macro is_same_moment(moment, local_time) -%}
    extract(epoch from {{ moment }} at time zone 'UTC')::numeric % 900 = extract(epoch from {{ local_time }})::numeric % 900
    and abs(extract(epoch from ({{ moment }} at time zone 'UTC') - {{ local_time }})) < 86400
{%- endmacro %}


{#- For on-run-end: what a build leaves in v1's history about itself is no secret. -#}
{% macro say_what_the_tracker_recorded() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry', 'seed') -%}
        {%- set history = source('pggit', 'history') -%}
        {%- set transaction_id = source_transaction(history) -%}
        {#- not worth waiting for whoever has locked the history -#}
        {%- set locked = run_query("
            select count(*) > 0 as locked from pg_locks
            where granted and mode = 'AccessExclusiveLock' and relation = to_regclass('" ~ history.include(database=false) ~ "')
        ").rows[0]['locked'] -%}
        {%- if transaction_id != 'null::bigint' and not locked -%}
            {%- set rows = run_query("
                select count(*) as rows
                from " ~ history ~ " as history
                inner join " ~ own_transactions() ~ " as own on own.transaction_id % 4294967296 = history." ~ transaction_id ~ "
                where " ~ is_a_builds('own.purpose') ~ " and own.began_at >= '" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S') ~ "'::timestamp
            ").rows[0]['rows'] -%}
            {%- if rows -%}
                {%- do log('The tracker of v1 is at work, and recorded ' ~ rows ~ ' row(s) about what this build made. The next '
                    ~ 'build leaves them out; it makes nothing anew that is as it should be.', info=true) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro _model_node(name) %}
    {{ return(graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', name) | first) }}
{% endmacro %}
