{#-
  pgGit's own installer renames a schema pggit_audit that it finds, and on a second run drops it; no trigger of a table
  sees that. An event trigger refuses, where the role may make one: a superuser. Its function lies in the schema of the
  work tables, for what is in the dropped schema is gone by the time that the trigger would fire.
-#}

{% macro keep_audit_schema() %}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set schema = adapter.quote(var('audit_schema') ~ '_work') -%}
        {%- set body = _keep_audit_schema_body() -%}
        {%- set found = run_query("
            select
                current_setting('is_superuser') = 'on' as may_make_one,
                to_regnamespace(" ~ dbt.string_literal(schema) ~ ") is not null as has_schema,
                " ~ _audit_schema_is_kept() ~ " as is_kept
        ").rows[0] -%}
        {%- if found['may_make_one'] and found['has_schema'] and not found['is_kept'] -%}
            {%- for row in run_query(keep_faults()).rows -%}
                {%- do exceptions.warn(row['fault'] ~ '. This build makes it anew.') -%}
            {%- endfor -%}
            {%- do own_ddl_begins() -%}
            {% call statement('keep') -%}
                drop event trigger if exists pggit_audit_keep;
                create or replace function {{ schema }}.refuse_to_drop_audit_schema() returns event_trigger
                language plpgsql set search_path = pg_catalog, pg_temp as $function${{ body }}$function$;
                create event trigger pggit_audit_keep on sql_drop
                execute function {{ schema }}.refuse_to_drop_audit_schema();
            {%- endcall %}
            {%- do own_ddl_ends() -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#- Whether the event trigger is there, whole, as SQL. -#}
{% macro _audit_schema_is_kept() -%}
    exists (
        select from pg_event_trigger
        inner join pg_proc on pg_event_trigger.evtfoid = pg_proc.oid
        where
            pg_event_trigger.evtname = 'pggit_audit_keep'
            and pg_event_trigger.evtevent = 'sql_drop'
            and pg_event_trigger.evtenabled in ('O', 'A')
            and pg_event_trigger.evttags is null
            and pg_proc.pronamespace = to_regnamespace({{ _audit_work_schema() }})
            and pg_proc.prosrc = $function${{ _keep_audit_schema_body() }}$function$
            and pg_proc.proconfig = array['search_path=pg_catalog, pg_temp']
            and pg_proc.proowner = pg_event_trigger.evtowner
            and pg_proc.provolatile = 'v'
            and not pg_proc.proisstrict
            and not pg_proc.prosecdef
    )
{%- endmacro %}


{% macro _audit_work_schema() -%}
    {{ dbt.string_literal(adapter.quote(var('audit_schema') ~ '_work')) }}
{%- endmacro %}


{#- In the columns of guard_faults: what a superuser's build made is to be there as it made it. -#}
{% macro keep_faults() %}
    select
        pg_proc.pronamespace::regnamespace::text as schema_name,
        null::text as table_name,
        'the event trigger pggit_audit_keep, which refuses to drop the schema, is missing, disabled or another one' as fault
    from pg_proc
    where
        pg_proc.pronamespace = to_regnamespace({{ _audit_work_schema() }})
        and pg_proc.proname = 'refuse_to_drop_audit_schema'
        and not {{ _audit_schema_is_kept() }}
{% endmacro %}


{% macro _keep_audit_schema_body() %}
    {{- return("
    declare
        dropped text;
    begin
        select object_identity into dropped
        from pg_event_trigger_dropped_objects()
        where original and object_type = 'schema' and object_name = " ~ dbt.string_literal(var('audit_schema')) ~ ";
        if found then
            raise exception 'Schema % holds the audit layer, and is not dropped', dropped using
                errcode = 'restrict_violation',
                detail = 'Nothing was changed.',
                hint = 'If you mean it: alter event trigger pggit_audit_keep disable; then drop it again.';
        end if;
    end
    ") -}}
{% endmacro %}
