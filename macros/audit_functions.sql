{#-
  dbt writes the body of a function between $$, as LANGUAGE SQL. This takes the place of that macro, so that a
  function may say in its configuration which language it is in (meta.language), which settings it runs with
  (meta.settings) and with whose rights (meta.security), and so that a body may hold $$. A name without a schema is
  PostgreSQL's own in every one of them.
-#}
{% macro postgres__scalar_function_sql(target_relation) %}
    {{ function_sql(model, target_relation.include(database=false), model.compiled_code) }}
{% endmacro %}


{% macro function_sql(node, name, body) %}
    {%- set settings = dict({'search_path': 'pg_catalog, pg_temp'}, **node.config.meta.get('settings', {})) -%}
    {%- set volatility = {'deterministic': 'immutable', 'stable': 'stable'}.get(node.config.get('volatility'), 'volatile') -%}
    create or replace function {{ name }} (
        {%- for argument in node.arguments %}
        {{ argument.name }} {{ argument.data_type }}
        {%- if argument.get('default_value') is not none %} default {{ argument.get('default_value') }}{% endif %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
    returns {{ node.returns.data_type }}
    language {{ node.config.meta.get('language', 'sql') }}
    {{ volatility }}
    security {{ node.config.meta.get('security', 'invoker') }}
    {%- for setting, value in settings.items() %}
    set {{ setting }} = {{ value }}
    {%- endfor %}
    as $function$
{{ body }}
    $function$;
    {%- if node.config.meta.get('security') == 'definer' %}
    revoke all on function {{ name }} ({{ node.arguments | map(attribute='data_type') | join(', ') }}) from public;
    {%- endif %}
{% endmacro %}


{#- Made anew only where it is not what it should be: then a tracker that is at work has nothing to record. -#}
{% macro pggit__function_execute_build_sql(build_sql, existing_relation, target_relation) %}
    {%- set is_so = false -%}
    {%- if existing_relation is not none -%}
        {%- set is_so = function_is(model, target_relation, model.compiled_code) -%}
    {%- endif -%}
    {%- if is_so -%}
        {% call noop_statement('main', 'CREATE FUNCTION', 'CREATE FUNCTION', -1) -%}{{ build_sql }}{%- endcall %}
    {%- else -%}
        {%- do own_ddl_begins() -%}
        {%- if existing_relation is not none -%}{%- do say_made_anew(existing_relation) -%}{%- endif -%}
        {% call statement('main') -%}{{ build_sql }}{%- endcall %}
        {#- the same name with other arguments is a function of an earlier version -#}
        {% call statement('older') -%}
            do $older$
            declare
                older text;
            begin
                for older in
                    select pg_proc.oid::regprocedure
                    from pg_proc
                    inner join pg_namespace on pronamespace = pg_namespace.oid
                    where
                        nspname = {{ dbt.string_literal(target_relation.schema) }}
                        and proname = {{ dbt.string_literal(target_relation.identifier) }}
                        and pg_proc.oid <> to_regprocedure({{ dbt.string_literal(
                            target_relation.include(database=false) ~ '(' ~ model.arguments | map(attribute='data_type') | join(', ') ~ ')'
                        ) }})
                loop
                    execute 'drop function ' || older;
                end loop;
            end
            $older$
        {%- endcall %}
        {%- do own_ddl_ends() -%}
    {%- endif -%}
    {%- do grant_function(model, target_relation, config.get('grants')) -%}
    {%- do describe_function(model, target_relation) -%}
    {{ adapter.commit() }}
{% endmacro %}


{#- As dbt does it. -#}
{% macro pggit__call_dcl_statements(dcl_statement_list) %}
    {%- call statement('grants') -%}{{ unheard(dcl_statement_list | join(';\n') ~ ';') }}{%- endcall -%}
{% endmacro %}


{#- dbt's apply_grants knows relations alone: as there, where anything is configured, that is all that others have. -#}
{% macro grant_function(node, relation, grants) %}
    {%- if grants -%}
        {%- set signature = relation.include(database=false) ~ '(' ~ node.arguments | map(attribute='data_type') | join(', ') ~ ')' -%}
        {%- set present = adapter.standardize_grants_dict(run_query("
            select
                pg_get_userbyid(rights.grantee) as grantee,
                rights.privilege_type
            from pg_proc
            cross join lateral aclexplode(proacl) as rights
            where
                pg_proc.oid = to_regprocedure(" ~ dbt.string_literal(signature) ~ ")
                and rights.grantee not in (0, proowner)
        ")) -%}
        {%- set statements = [] -%}
        {%- for privilege, roles in diff_of_two_dicts(present, grants).items() if roles -%}
            {%- do statements.append('revoke ' ~ privilege ~ ' on function ' ~ signature ~ ' from ' ~ _quoted(roles)) -%}
        {%- endfor -%}
        {%- for privilege, roles in diff_of_two_dicts(grants, present).items() if roles -%}
            {%- do statements.append('grant ' ~ privilege ~ ' on function ' ~ signature ~ ' to ' ~ _quoted(roles)) -%}
        {%- endfor -%}
        {%- if statements -%}
            {%- do call_dcl_statements(statements) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro _quoted(names) -%}
    {%- set quoted = [] -%}
    {%- for name in names -%}{%- do quoted.append(adapter.quote(name)) -%}{%- endfor -%}
    {{ return(quoted | join(', ')) }}
{%- endmacro %}


{#- dbt's persist_docs knows relations alone. -#}
{% macro describe_function(node, relation) %}
    {%- set name = relation.include(database=false) -%}
    {%- set description = node.description | trim -%}
    {%- set found = run_query(
        'select obj_description(' ~ dbt.string_literal(name) ~ "::regproc, 'pg_proc') as description"
    ).rows[0]['description'] -%}
    {%- if description and found != description -%}
        {%- call statement('describe') -%}
            {{ unheard('comment on function ' ~ name ~ ' is ' ~ dbt.string_literal(dbt.escape_single_quotes(description)) ~ ';') }}
        {%- endcall -%}
    {%- endif -%}
{% endmacro %}


{#- Whether a function is to the letter what the project makes: PostgreSQL prints both, the other one from pg_temp. -#}
{% macro function_is(node, relation, body) %}
    {%- call statement('probe') -%}
        {{ unheard(function_sql(node, 'pg_temp.' ~ adapter.quote(relation.identifier), body)) }}
    {%- endcall -%}
    {%- set definitions %}
        with
        definitions as (
            select
                pronamespace = pg_my_temp_schema() as is_probe,
                regexp_replace(
                    pg_get_functiondef(pg_proc.oid), '^(CREATE OR REPLACE FUNCTION )("(?:[^"]|"")*"|[^."]+)[.]', '\1'
                ) as definition
            from pg_proc
            where
                proname = {{ dbt.string_literal(relation.identifier) }}
                and pronamespace in (
                    pg_my_temp_schema(),
                    (select oid from pg_namespace where nspname = {{ dbt.string_literal(relation.schema) }})
                )
        )
        select count(*) = 2 and count(distinct is_probe) = 2 and count(distinct definition) = 1 as is_so
        from definitions
    {% endset -%}
    {%- set found = run_query(definitions).rows[0]['is_so'] -%}
    {%- call statement('probed') -%}
        {{ unheard('drop function pg_temp.' ~ adapter.quote(relation.identifier) ~ ';') }}
    {%- endcall -%}
    {{ return(found) }}
{% endmacro %}


{% macro audit_tree_of(commit_sha) -%}
(
        select g.tree_sha
        from {{ source('pggit_v0', 'commit_graph').include(database=false) }} as g
        where g.commit_sha = {{ function('commit_of').include(database=false) }}({{ commit_sha }})
    )
{%- endmacro %}


{#- What begins every verification, in PL/pgSQL: somebody stands for it, and its transaction is known for ours. -#}
{% macro verifier_is_named() -%}
    if coalesce(btrim(verified_by), '') = '' then
        raise exception 'A verification needs the name of the person who stands for it. Nothing was logged.' using
            errcode = 'invalid_parameter_value',
            hint = 'Pass it as verified_by.';
    end if;
{%- endmacro %}


{% macro note_verification() -%}
    insert into {{ own_transactions() }} (transaction_id, purpose, noted_by, began_at)
    values (pg_current_xact_id()::text::bigint, 'verification', session_user, localtimestamp)
    on conflict do nothing;
{%- endmacro %}
