{#-
  Triggers that guard the audit tables in the database itself, whoever writes to them. The materialization
  append_only makes them before each insert (meta.guard names the macro), so that one that somebody dropped or
  altered is back. Each table has trigger functions of its own: two models that replace one function at the same
  moment would fail.
-#}

{% macro audit_guard_changes(relation) %}
    {{ _audit_refuse(relation, 'Changes are append-only: only verified may change, from false to true',
        may_change={'verified': 'new.verified and not old.verified'}) }}
{% endmacro %}


{% macro audit_guard_object_versions(relation) %}
    {{ _audit_refuse(relation, 'Object versions are append-only', may_change={'is_current': none}) }}
{% endmacro %}


{% macro audit_guard_evidence(relation) %}
    {{ _audit_refuse(relation, 'The evidence of published changes is append-only', leftovers_may_go=true) }}
{% endmacro %}


{% macro audit_guard_excluded_history(relation) %}
    {{ _audit_refuse(relation, 'Excluded history is append-only') }}
{% endmacro %}


{% macro audit_guard_compliance_log(relation) %}
    {{ _audit_refuse(relation, 'Compliance log is immutable') }}
    {{ _audit_chain(relation) }}
{% endmacro %}


{% macro _audit_refuse(relation, message, may_change={}, leftovers_may_go=false) %}
    {%- set name = relation.identifier -%}
    {%- set table = _audit_guarded() | selectattr('alias', 'equalto', name) | first -%}
    {%- set refuse = adapter.quote(relation.schema) ~ '.' ~ name ~ '_refuse' -%}
    create or replace function {{ refuse }}() returns trigger language plpgsql as $function$
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
    $function$;

    create or replace trigger {{ name }}_no_update
    before update of {{ table.columns | reject('in', may_change) | map('tojson') | join(', ') }} on {{ relation }}
    for each statement execute function {{ refuse }}();

    create or replace trigger {{ name }}_no_delete
    before delete on {{ relation }}
    for each {{ 'row' if leftovers_may_go else 'statement' }} execute function {{ refuse }}();

    create or replace trigger {{ name }}_no_truncate
    before truncate on {{ relation }}
    for each statement execute function {{ refuse }}();

    {%- for column, condition in may_change.items() if condition %}

    create or replace trigger {{ name }}_no_other_{{ column }}
    before update of {{ column }} on {{ relation }}
    for each row when (not ({{ condition }})) execute function {{ refuse }}();
    {%- endfor %}
{% endmacro %}


{#- Entries get their number and hash from the database, not from the writer, and one writer at a time. -#}
{% macro _audit_chain(relation) %}
    {%- set name = relation.identifier -%}
    {%- set schema = adapter.quote(relation.schema) -%}
    create or replace function {{ schema }}.{{ name }}_chain() returns trigger language plpgsql as $function$
    begin
        perform pg_advisory_xact_lock(tg_relid::bigint);

        select entries.entry_no + 1, entries.entry_hash
        into new.entry_no, new.previous_hash
        from {{ relation.include(database=false) }} as entries
        order by entries.entry_no desc
        limit 1;

        new.entry_no := coalesce(new.entry_no, 1);
        new.previous_hash := coalesce(new.previous_hash, {{ audit_first_hash() }});
        new.log_id := coalesce(new.log_id, gen_random_uuid());
        new.verified_at := now();
        new.entry_hash := {{ audit_entry_hash('new') }};
        return new;
    end
    $function$;

    create or replace trigger {{ name }}_chain
    before insert on {{ relation }}
    for each row execute function {{ schema }}.{{ name }}_chain();

    create or replace function {{ schema }}.{{ name }}_passed() returns trigger language plpgsql as $function$
    begin
        update {{ audit_table('changes') }} as changes
        set verified = true
        from new_entries
        where
            changes.change_id = new_entries.change_id
            and new_entries.verification_status = 'PASSED'
            and not changes.verified;
        return null;
    end
    $function$;

    create or replace trigger {{ name }}_passed
    after insert on {{ relation }}
    referencing new table as new_entries
    for each statement execute function {{ schema }}.{{ name }}_passed();
{% endmacro %}


{% macro audit_first_hash() -%}
    repeat('0', 64)
{%- endmacro %}


{% macro audit_entry_hash(entry) -%}
    {#- jsonb, for its text says where each value ends, and does not depend on DateStyle or TimeZone. -#}
    encode(sha256(convert_to(jsonb_build_array(
        {{ entry }}.entry_no,
        {{ entry }}.previous_hash,
        {{ entry }}.log_id,
        {{ entry }}.change_id,
        {{ entry }}.verified_at at time zone 'UTC',
        {{ entry }}.verified_by,
        {{ entry }}.verification_status,
        {{ entry }}.verification_notes
    )::text, 'UTF8')), 'hex')
{%- endmacro %}


{#- For what cannot be ref(): the bodies of trigger functions upstream of the table. -#}
{% macro audit_table(name) -%}
    {{ adapter.quote(var('audit_schema')) }}.{{ name }}
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


{#- What the project gives each table that meta.guard names, in the words of audit_tables_keep_their_guards. -#}
{% macro audit_expected_guards() %}
    {%- set expected = [] -%}
    {%- for table in _audit_guarded() -%}
        {%- set guards = [] -%}
        {%- for trigger in ['no_update', 'no_delete', 'no_truncate'] + {
            'changes': ['no_other_verified'], 'compliance_log': ['chain', 'passed']
        }.get(table.name, []) -%}
            {%- do guards.append('trigger ' ~ table.alias ~ '_' ~ trigger) -%}
        {%- endfor -%}
        {%- set checks = table.constraints | list -%}
        {%- for column in table.columns.values() -%}
            {%- for constraint in column.constraints -%}
                {%- if constraint.type == 'check' -%}
                    {%- do checks.append(constraint) -%}
                {%- else -%}
                    {%- do guards.append(constraint.type | replace('_', ' ') ~ ' ' ~ column.name) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for check in checks -%}{%- do guards.append('check ' ~ loop.index) -%}{%- endfor -%}
        {%- for index in table.config.get('indexes', []) -%}
            {%- do guards.append(('unique ' if index.unique else '') ~ 'index ' ~ index.columns | join(', ')) -%}
        {%- endfor -%}
        {%- do expected.append({'schema_name': table.schema, 'table_name': table.alias, 'guards': guards}) -%}
    {%- endfor -%}
    {{ return(expected) }}
{% endmacro %}


{#- The statements that make the triggers and their functions, as append_only runs them. -#}
{% macro audit_expected_triggers() %}
    {%- for table in _audit_guarded() %}
    {{ context[table.config.meta.guard](api.Relation.create(schema=table.schema, identifier=table.alias)) }}
    {%- endfor %}
{% endmacro %}
