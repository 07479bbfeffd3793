{#-
  Triggers that guard the audit tables in the database itself, whoever writes to them. meta.guard of a table names the
  macro that says which: functions with their bodies, triggers with what follows their names. append_only makes them
  before each insert where they are not exactly so; guard_faults compares them. Each table has
  trigger functions of its own: two models that replace one function at the same moment would fail. They find nothing
  but PostgreSQL's own by its bare name, so that no session can put something else in its place.
-#}

{% macro audit_guard_changes(relation) %}
    {{ return(_audit_refuse(relation, 'Changes are append-only: only verified may change, from false to true',
        may_change={'verified': 'new.verified and not old.verified'})) }}
{% endmacro %}


{% macro audit_guard_object_versions(relation) %}
    {{ return(_audit_refuse(relation, 'Object versions are append-only', may_change={'is_current': none})) }}
{% endmacro %}


{% macro audit_guard_evidence(relation) %}
    {{ return(_audit_refuse(relation, 'The evidence of published changes is append-only', leftovers_may_go=true)) }}
{% endmacro %}


{% macro audit_guard_excluded_history(relation) %}
    {{ return(_audit_refuse(relation, 'Excluded history is append-only')) }}
{% endmacro %}


{% macro audit_guard_compliance_anchors(relation) %}
    {{ return(_audit_refuse(relation, 'The anchors of the compliance log are append-only')) }}
{% endmacro %}


{% macro audit_guard_ref_moves(relation) %}
    {{ return(_audit_refuse(relation, 'The moves of refs are append-only')) }}
{% endmacro %}


{% macro audit_guard_published_objects(relation) %}
    {{ return(_audit_refuse(relation, 'The times of stored objects are append-only')) }}
{% endmacro %}


{% macro audit_guard_own_transactions(relation) %}
    {{ return(_audit_refuse(relation, 'The notes of own transactions are append-only')) }}
{% endmacro %}


{% macro audit_guard_own_transaction_seals(relation) %}
    {{ return(_audit_refuse(relation, 'The seals of own transactions are append-only')) }}
{% endmacro %}


{% macro audit_guard_published_tables(relation) %}
    {{ return(_audit_refuse(relation, 'The notes of published tables are append-only')) }}
{% endmacro %}


{% macro audit_guard_compliance_log(relation) %}
    {%- set refuse = _audit_refuse(relation, 'Compliance log is immutable') -%}
    {%- set chain = _audit_chain(relation) -%}
    {{ return({
        'functions': refuse.functions + chain.functions,
        'triggers': refuse.triggers + chain.triggers
    }) }}
{% endmacro %}


{% macro _audit_refuse(relation, message, may_change={}, leftovers_may_go=false) %}
    {%- set name = relation.identifier -%}
    {%- set table = _model_node(name) -%}
    {%- set on = ' on ' ~ relation.include(database=false) ~ ' for each ' -%}
    {%- set call = ' execute function ' ~ adapter.quote(relation.schema) ~ '.' ~ name ~ '_refuse()' -%}
    {%- set columns = table.columns | reject('in', may_change) | map('tojson') | join(', ') -%}
    {%- set body %}
begin
    {%- if leftovers_may_go %}
    -- A killed build leaves rows whose changes were never published; the next build writes them anew.
    if tg_op = 'DELETE' and to_regclass({{ dbt.string_literal(audit_table('changes')) }}) is null then
        return old;
    end if;
    if tg_op = 'DELETE' and not exists (
        select from {{ audit_table('changes') }} as changes
        where changes.change_id = old.change_id
    ) then
        return old;
    end if;
    {%- endif %}
    raise exception '%', {{ dbt.string_literal(message) }} using
        errcode = 'restrict_violation',
        detail = format('%s on %I.%I was refused. Nothing was changed.', tg_op, tg_table_schema, tg_table_name);
end
    {% endset -%}
    {%- set triggers = [
        {'name': name ~ '_no_update', 'rest': 'before update of ' ~ columns ~ on ~ 'statement' ~ call},
        {'name': name ~ '_no_delete', 'rest': 'before delete' ~ on ~ ('row' if leftovers_may_go else 'statement') ~ call},
        {'name': name ~ '_no_truncate', 'rest': 'before truncate' ~ on ~ 'statement' ~ call}
    ] -%}
    {%- for column, condition in may_change.items() if condition -%}
        {%- do triggers.append({
            'name': name ~ '_no_other_' ~ column,
            'rest': 'before update of ' ~ column ~ on ~ 'row when (not (' ~ condition ~ '))' ~ call
        }) -%}
    {%- endfor -%}
    {{ return({'functions': [{'name': name ~ '_refuse', 'body': body}], 'triggers': triggers}) }}
{% endmacro %}


{#- Entries get their number, their hash and who wrote them from the database, not from the writer, and one writer at a
    time. A lock on the table of anchors keeps the others out: who may only read cannot take it, as anyone can an
    advisory lock. The last entry of each statement is anchored: what is cut off afterwards leaves a gap. The anchor says which
    seal was the last, so that the notes of builds cannot go together with their seals. -#}
{% macro _audit_chain(relation) %}
    {%- set name = relation.identifier -%}
    {%- set log = relation.include(database=false) -%}
    {%- set anchors = work_table('compliance_anchors') -%}
    {%- set call = ' execute function ' ~ adapter.quote(relation.schema) ~ '.' ~ name -%}
    {%- set opened %}
begin
    if not exists (
        select from {{ own_transactions() }} as own
        where own.transaction_id = pg_current_xact_id()::text::bigint
    ) then
        raise exception 'The compliance log is written through verify_change() alone. Nothing was logged.' using
            errcode = 'restrict_violation',
            hint = 'select {{ relation.schema | replace("'", "''") }}.verify_change(change_id, ''your name'', ''on what grounds'');';
    end if;

    lock table {{ anchors }} in share row exclusive mode;
    return null;
exception when lock_not_available then
    raise exception 'Another session writes to the compliance log, and has not ended within 10 seconds. Nothing was logged.' using
        errcode = 'lock_not_available',
        detail = (
            select string_agg(format('process %s, user %s, %s', sessions.pid, sessions.usename, sessions.application_name), '; ')
            from pg_locks as locks
            inner join pg_stat_activity as sessions on sessions.pid = locks.pid
            where
                locks.relation = {{ dbt.string_literal(anchors) }}::regclass
                and locks.granted
                and locks.pid <> pg_backend_pid()
        ),
        hint = 'Try again when it is done.';
end
    {% endset -%}
    {%- set chain %}
begin
    select entries.entry_no, entries.entry_hash
    into new.entry_no, new.previous_hash
    from {{ log }} as entries
    order by entries.entry_no desc
    limit 1;

    new.entry_no := 1 + greatest(
        coalesce(new.entry_no, 0), coalesce((select max(anchors.entry_no) from {{ anchors }} as anchors), 0)
    );
    new.previous_hash := coalesce(new.previous_hash, {{ audit_first_hash() }});
    new.log_id := coalesce(new.log_id, gen_random_uuid());
    new.verified_at := now();
    new.session_role := session_user;
    -- a function that runs with its owner's rights hides who called it, but not what was SET
    new.effective_role := coalesce(nullif(current_setting('role'), 'none'), session_user);
    new.entry_hash := {{ audit_entry_hash('new') }};
    return new;
end
    {% endset -%}
    {%- set passed %}
begin
    update {{ audit_table('changes') }} as changes
    set verified = true
    from new_entries
    where
        changes.change_id = new_entries.change_id
        and new_entries.verification_status = 'PASSED'
        and not changes.verified;

    insert into {{ anchors }} (entry_no, entry_hash, anchored_at, last_seal_no, last_seal_digest)
    select
        last_entries.entry_no,
        last_entries.entry_hash,
        now(),
        coalesce(last_seals.seal_no, 0),
        coalesce(last_seals.digest, {{ audit_first_hash() }})
    from new_entries as last_entries
    left join (
        select seals.seal_no, seals.digest
        from {{ own_transaction_seals() }} as seals
        order by seals.seal_no desc
        limit 1
    ) as last_seals on true
    order by last_entries.entry_no desc
    limit 1;
    return null;
end
    {% endset -%}
    {{ return({
        'functions': [
            {'name': name ~ '_opened', 'body': opened, 'settings': ['lock_timeout=10s']},
            {'name': name ~ '_chain', 'body': chain},
            {'name': name ~ '_passed', 'body': passed}
        ],
        'triggers': [
            {'name': name ~ '_opened', 'rest': 'before insert on ' ~ log ~ ' for each statement' ~ call ~ '_opened()'},
            {'name': name ~ '_chain', 'rest': 'before insert on ' ~ log ~ ' for each row' ~ call ~ '_chain()'},
            {
                'name': name ~ '_passed',
                'rest': 'after insert on ' ~ log ~ ' referencing new table as new_entries for each statement' ~ call ~ '_passed()'
            }
        ]
    }) }}
{% endmacro %}


{#- The statements that make the guards of a table. -#}
{% macro make_guards(relation, guards) %}
    {%- for function in guards.functions %}
    create or replace function {{ adapter.quote(relation.schema) }}.{{ function.name }}() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp
    {%- for setting in function.get('settings', []) %} set {{ setting.split('=')[0] }} = '{{ setting.split('=')[1] }}'{% endfor %} as $guard${{ function.body }}$guard$;
    {%- endfor %}
    {%- for trigger in guards.triggers %}
    create or replace trigger {{ trigger.name }} {{ trigger.rest }};
    alter table {{ relation.include(database=false) }} enable trigger {{ trigger.name }};
    {%- endfor %}
{% endmacro %}


{% macro audit_first_hash() -%}
    repeat('0', 64)
{%- endmacro %}


{#- jsonb, for its text says where each value ends, and does not depend on DateStyle or TimeZone. Entries that were
    written before the log had the columns of the source and of the roles are hashed without them, and so are those that
    judge no cause without one: what is hashed has 8, 9, 12 or 13 values, so none can pass for another. -#}
{% macro audit_entry_hash(entry) -%}
    encode(sha256(convert_to((
        jsonb_build_array(
            {{ entry }}.entry_no,
            {{ entry }}.previous_hash,
            {{ entry }}.log_id,
            {{ entry }}.change_id,
            {{ entry }}.verified_at at time zone 'UTC',
            {{ entry }}.verified_by,
            {{ entry }}.verification_status,
            {{ entry }}.verification_notes
        )
        || case
            when {{ entry }}.session_role is null then '[]'::jsonb
            else jsonb_build_array(
                {{ entry }}.v1_version_id,
                {{ entry }}.source_digest,
                {{ entry }}.session_role,
                {{ entry }}.effective_role
            )
        end
        || case when {{ entry }}.cause_id is null then '[]'::jsonb else jsonb_build_array({{ entry }}.cause_id) end
    )::text, 'UTF8')), 'hex')
{%- endmacro %}


{#- What is wrong with the chain of entries, as a query: entry_no, log_id, problem. -#}
{% macro compliance_log_faults(log) -%}
    with

    entries as (

        select
            l.*,
            lag(l.entry_no, 1, 0::bigint) over (order by l.entry_no) as entry_no_before,
            lag(l.entry_hash, 1, {{ audit_first_hash() }}) over (order by l.entry_no) as hash_before
        from {{ log }} as l

    )

    select
        e.entry_no,
        e.log_id,
        p.problem
    from entries as e
    cross join lateral (
        values
        (
            e.entry_no <> e.entry_no_before + 1,
            'Entries ' || e.entry_no_before + 1 || ' to ' || e.entry_no - 1 || ' are missing.'
        ),
        (
            e.previous_hash is distinct from e.hash_before,
            'The entry before it is not the one that it was written after.'
        ),
        (
            e.entry_hash is distinct from {{ audit_entry_hash('e') }},
            'The entry was changed after it was written.'
        )
    ) as p (is_broken, problem)
    where p.is_broken
{%- endmacro %}


{#- For a log that was made before it could have entries of rows that are no change. -#}
{% macro relax_compliance_log(relation, columns) %}
    alter table {{ relation }} alter column change_id drop not null
{% endmacro %}


{#- For what cannot be ref(): the bodies of trigger functions upstream of the table. -#}
{% macro audit_table(name) -%}
    {{ adapter.quote(var('audit_schema')) }}.{{ name }}
{%- endmacro %}


{% macro work_table(name) -%}
    {{ adapter.quote(var('audit_schema') ~ '_work') }}.{{ name }}
{%- endmacro %}


{% macro audit_forget_leftovers(relation) %}
    {%- if load_relation(relation) -%}
        delete from {{ relation }} as leftovers
        where not exists (
            select from {{ published('changes') }} as changes
            where changes.change_id = leftovers.change_id
        )
    {%- endif -%}
{% endmacro %}


{#- The history of v1 goes on in the branch of its name, or else stands beside it. -#}
{% macro audit_branch_of(changes, branch_tips) -%}
    case
        when not {{ changes }}.backfilled_from_v1 or exists (
            select from {{ branch_tips }} as namesakes
            where namesakes.branch_name = {{ changes }}.branch_name and namesakes.continues_v1
        ) then {{ changes }}.branch_name
        else 'v1/' || {{ changes }}.branch_name
    end
{%- endmacro %}


{#- A version is current that the tree at its branch's tip holds, and the latest such, where several are alike. -#}
{% macro audit_mark_current(relation) %}
    with

    current_versions as (

        select distinct on (branch_tips.ref_name, tree_entries.path)
            versions.version_id
        from {{ ref('branch_tips') }} as branch_tips
        inner join {{ ref('stg_pggit_v0__tree_entries') }} as tree_entries on branch_tips.tree_sha = tree_entries.tree_sha
        inner join {{ ref('stg_pggit_v0__blobs') }} as blobs on tree_entries.object_sha = blobs.blob_sha
        inner join {{ relation }} as versions
            on tree_entries.path = versions.object_identity
            and blobs.definition = versions.definition
        inner join {{ ref('changes') }} as changes on versions.change_id = changes.change_id
        where branch_tips.branch_name = {{ audit_branch_of('changes', ref('branch_tips')) }}
        order by branch_tips.ref_name, tree_entries.path, versions.version_number desc

    )

    update {{ relation }} as versions
    set is_current = not versions.is_current
    where versions.is_current <> exists (
        select from current_versions
        where current_versions.version_id = versions.version_id
    )
{% endmacro %}
