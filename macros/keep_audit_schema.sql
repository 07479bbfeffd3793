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
                exists (
                    select from pg_event_trigger
                    inner join pg_proc on pg_event_trigger.evtfoid = pg_proc.oid
                    where
                        pg_event_trigger.evtname = 'pggit_audit_keep'
                        and pg_event_trigger.evtevent = 'sql_drop'
                        and pg_event_trigger.evtenabled in ('O', 'A')
                        and pg_proc.pronamespace = to_regnamespace(" ~ dbt.string_literal(schema) ~ ")
                        and pg_proc.prosrc = $function$" ~ body ~ "$function$
                ) as is_kept
        ").rows[0] -%}
        {%- if found['may_make_one'] and found['has_schema'] and not found['is_kept'] -%}
            {%- do own_ddl_begins() -%}
            {% call statement('keep') -%}
                drop event trigger if exists pggit_audit_keep;
                create or replace function {{ schema }}.refuse_to_drop_audit_schema() returns event_trigger
                language plpgsql as $function${{ body }}$function$;
                create event trigger pggit_audit_keep on sql_drop
                execute function {{ schema }}.refuse_to_drop_audit_schema();
            {%- endcall %}
            {%- do own_ddl_ends() -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
    {%- endif -%}
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
