{#-
  Triggers that guard the audit tables in the database itself, whoever writes to them. meta.guard of a table names the
  macro that says which: functions with their bodies, triggers with what follows their names. append_only makes them
  before each insert where they are not exactly so; audit_tables_keep_their_guards compares them. Each table has
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
    advisory lock. The last entry of each statement is anchored: what is cut off afterwards leaves a gap. -#}
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

    insert into {{ anchors }} (entry_no, entry_hash, anchored_at)
    select last_entries.entry_no, last_entries.entry_hash, now()
    from new_entries as last_entries
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


{% macro _audit_guarded() %}
    {%- set tables = [] -%}
    {%- for table in (graph.nodes.values() if execute else []) if table.resource_type == 'model' and table.config.meta.get('guard') -%}
        {%- do tables.append(table) -%}
    {%- endfor -%}
    {{ return(tables) }}
{% endmacro %}


{% macro guards_hold(node) %}
    {%- set faults = run_query(guard_faults([node])).rows -%}
    {%- if faults -%}
        {%- do exceptions.warn(
            'The guards of ' ~ node.schema ~ '.' ~ node.alias ~ ' are not those of this version of the project, and are '
            ~ 'made anew: ' ~ faults | map(attribute='fault') | join('; ')
        ) -%}
    {%- endif -%}
    {{ return(not faults) }}
{% endmacro %}


{#- What the project gives guarded tables: triggers, constraints and indexes, in the words of guard_faults. -#}
{% macro _audit_expected(nodes) %}
    {%- set expected = {'tables': [], 'functions': [], 'triggers': []} -%}
    {%- for table in nodes -%}
        {%- set relation = api.Relation.create(schema=table.schema, identifier=table.alias) -%}
        {%- set guards = context[table.config.meta.guard](relation) -%}
        {%- set place = {'schema_name': table.schema, 'table_name': table.alias} -%}
        {%- for function in guards.functions -%}{%- do expected.functions.append(dict(place, **function)) -%}{%- endfor -%}
        {%- for trigger in guards.triggers -%}{%- do expected.triggers.append(dict(place, **trigger)) -%}{%- endfor -%}
        {%- set shape = [] -%}
        {%- set checks = table.constraints | list -%}
        {%- for column in table.columns.values() -%}
            {%- for constraint in column.constraints -%}
                {%- if constraint.type == 'check' -%}
                    {%- do checks.append(constraint) -%}
                {%- else -%}
                    {%- do shape.append(constraint.type | replace('_', ' ') ~ ' ' ~ column.name) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for check in _printed_checks(relation, checks) -%}{%- do shape.append(check) -%}{%- endfor -%}
        {%- for index in table.config.get('indexes', []) -%}
            {%- do shape.append(('unique ' if index.unique else '') ~ 'index ' ~ index.columns | join(', ')) -%}
        {%- endfor -%}
        {%- do expected.tables.append(dict(place, shape=shape)) -%}
    {%- endfor -%}
    {{ return(expected) }}
{% endmacro %}


{#- CHECK constraints as PostgreSQL prints them: they are made once more, on a temporary table. -#}
{% macro _printed_checks(relation, checks) %}
    {%- if not checks or run_query("select to_regclass('" ~ relation ~ "') is null as is_gone").rows[0]['is_gone'] -%}
        {{ return(checks | map(attribute='expression') | list) }}
    {%- endif -%}
    {%- set made -%}
        create temporary table pggit_audit_probe (like {{ relation }});
        alter table pg_temp.pggit_audit_probe
        {% for check in checks -%}
            {%- if not loop.first %}, {% endif -%} add check ({{ check.expression }})
        {%- endfor -%}
        ;
        select pg_get_constraintdef(oid) as printed
        from pg_constraint
        where conrelid = 'pg_temp.pggit_audit_probe'::regclass and contype = 'c'
    {%- endset -%}
    {%- set found = run_query(made).rows | map(attribute='printed') | list -%}
    {%- do run_query('drop table pg_temp.pggit_audit_probe') -%}
    {{ return(found) }}
{% endmacro %}


{#- What is not as the project makes it about guarded tables, as a query: schema_name, table_name, fault. -#}
{% macro guard_faults(nodes) %}
    {%- set expected = _audit_expected(nodes) -%}
    with

    expected_tables as (

        select * from jsonb_to_recordset($json${{ tojson(expected.tables) }}$json$::jsonb)
            as tables (schema_name text, table_name text, shape jsonb)

    ),

    expected_functions as (

        select * from jsonb_to_recordset($json${{ tojson(expected.functions) }}$json$::jsonb)
            as functions (schema_name text, table_name text, name text, body text, settings text[])

    ),

    -- what PostgreSQL prints of a trigger is what made it, but for quotes, parentheses, white space and case
    expected_triggers as (

        select
            schema_name,
            table_name,
            name,
            regexp_replace(lower(rest), '["()\s]', '', 'g') as rest
        from jsonb_to_recordset($json${{ tojson(expected.triggers) }}$json$::jsonb)
            as triggers (schema_name text, table_name text, name text, rest text)

    ),

    relations as (

        select
            expected_tables.schema_name,
            expected_tables.table_name,
            pg_class.*
        from expected_tables
        inner join pg_namespace on expected_tables.schema_name = pg_namespace.nspname
        inner join pg_class
            on pg_namespace.oid = pg_class.relnamespace
            and expected_tables.table_name = pg_class.relname

    ),

    found_triggers as (

        select
            relations.schema_name,
            relations.table_name,
            pg_trigger.tgname::text as name,
            regexp_replace(
                lower(replace(pg_get_triggerdef(pg_trigger.oid), 'CREATE TRIGGER ' || quote_ident(pg_trigger.tgname) || ' ', '')),
                '["()\s]', '', 'g'
            ) as rest
        from relations
        inner join pg_trigger on relations.oid = pg_trigger.tgrelid
        where not pg_trigger.tgisinternal and pg_trigger.tgenabled in ('O', 'A')

    ),

    all_triggers as (

        select
            relations.schema_name,
            relations.table_name,
            pg_trigger.tgname::text as name
        from relations
        inner join pg_trigger on relations.oid = pg_trigger.tgrelid
        where not pg_trigger.tgisinternal

    ),

    found_functions as (

        select
            pg_namespace.nspname as schema_name,
            pg_proc.proname as name,
            pg_proc.prosrc as body,
            pg_proc.proconfig as settings
        from pg_proc
        inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
        inner join pg_language on pg_proc.prolang = pg_language.oid
        where
            pg_language.lanname = 'plpgsql'
            and pg_proc.prorettype = 'trigger'::regtype
            and pg_proc.pronargs = 0
            and not pg_proc.prosecdef
            -- any other one would not see what its own statement did, or not be called
            and pg_proc.provolatile = 'v'
            and not pg_proc.proisstrict

    ),

    found_shape as (

        select
            attrelid as oid,
            'not null ' || attname as fact
        from pg_attribute
        where attnotnull

        union all

        select
            conrelid,
            case contype when 'p' then 'primary key ' when 'u' then 'unique ' else 'foreign key ' end || (
                select string_agg(pg_attribute.attname, ', ' order by place)
                from unnest(conkey) with ordinality as keys (attnum, place)
                inner join pg_attribute on keys.attnum = pg_attribute.attnum
                where pg_attribute.attrelid = pg_constraint.conrelid
            )
        from pg_constraint
        where contype in ('p', 'u', 'f') and convalidated

        union all

        select
            conrelid,
            pg_get_constraintdef(pg_constraint.oid)
        from pg_constraint
        where contype = 'c' and convalidated

        union all

        select
            indrelid,
            case when indisunique then 'unique ' else '' end || 'index ' || (
                select string_agg(pg_attribute.attname, ', ' order by place)
                from unnest(indkey::smallint[]) with ordinality as keys (attnum, place)
                inner join pg_attribute on keys.attnum = pg_attribute.attnum
                where pg_attribute.attrelid = pg_index.indrelid
            )
        from pg_index
        where indisvalid

    )

    select
        schema_name,
        table_name,
        'the trigger ' || name || ' is missing, disabled or another one' as fault
    from expected_triggers
    where not exists (
        select from found_triggers
        where
            found_triggers.schema_name = expected_triggers.schema_name
            and found_triggers.table_name = expected_triggers.table_name
            and found_triggers.name = expected_triggers.name
            and found_triggers.rest = expected_triggers.rest
    )

    union all

    select
        schema_name,
        table_name,
        'the trigger ' || name || ' is not of this project'
    from all_triggers
    where not exists (
        select from expected_triggers
        where
            expected_triggers.schema_name = all_triggers.schema_name
            and expected_triggers.table_name = all_triggers.table_name
            and expected_triggers.name = all_triggers.name
    )

    union all

    select
        schema_name,
        table_name,
        'the function ' || name || ' is missing or another one'
    from expected_functions
    where not exists (
        select from found_functions
        where
            found_functions.schema_name = expected_functions.schema_name
            and found_functions.name = expected_functions.name
            and found_functions.body = expected_functions.body
            and found_functions.settings
            = array['search_path=pg_catalog, pg_temp'] || coalesce(expected_functions.settings, '{}')
    )

    union all

    select
        expected_tables.schema_name,
        expected_tables.table_name,
        'no ' || wanted.fact
    from expected_tables
    cross join lateral jsonb_array_elements_text(expected_tables.shape) as wanted (fact)
    where not exists (
        select from relations
        inner join found_shape on relations.oid = found_shape.oid
        where
            relations.schema_name = expected_tables.schema_name
            and relations.table_name = expected_tables.table_name
            and found_shape.fact = wanted.fact
    )

    union all

    select
        relations.schema_name,
        relations.table_name,
        'the rule ' || pg_rewrite.rulename || ' is not of this project'
    from relations
    inner join pg_rewrite on relations.oid = pg_rewrite.ev_class

    union all

    select
        relations.schema_name,
        relations.table_name,
        'row security hides rows'
    from relations
    where
        relations.relrowsecurity
        or relations.relforcerowsecurity
        or exists (select from pg_policy where pg_policy.polrelid = relations.oid)

    union all

    select
        relations.schema_name,
        relations.table_name,
        pg_inherits.inhrelid::regclass || ' adds rows of its own'
    from relations
    inner join pg_inherits on relations.oid = pg_inherits.inhparent

    union all

    -- whoever may write here without being the owner could do so past verify_change
    select
        relations.schema_name,
        relations.table_name,
        rights.privilege_type || ' is granted to ' || coalesce(pg_roles.rolname, 'public')
    from relations
    cross join lateral aclexplode(relations.relacl) as rights
    left join pg_roles on rights.grantee = pg_roles.oid
    where
        rights.grantee <> relations.relowner
        and rights.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')

    union all

    select
        relations.schema_name,
        relations.table_name,
        'it belongs to ' || pg_get_userbyid(relations.relowner) || ', own_transactions to '
        || pg_get_userbyid(first_relation.relowner)
    from relations
    inner join pg_class as first_relation on first_relation.oid = to_regclass('{{ own_transactions() }}')
    where relations.relowner <> first_relation.relowner

    union all

    select
        expected_functions.schema_name,
        expected_functions.table_name,
        'the function ' || expected_functions.name || ' belongs to ' || pg_get_userbyid(pg_proc.proowner)
    from expected_functions
    inner join relations
        on expected_functions.schema_name = relations.schema_name
        and expected_functions.table_name = relations.table_name
    inner join pg_proc on relations.relnamespace = pg_proc.pronamespace and expected_functions.name = pg_proc.proname
    where pg_proc.proowner <> relations.relowner
{% endmacro %}
