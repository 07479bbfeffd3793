{#- The causes that persons have judged: verify_cause() logs so, for each change that rests on one. -#}
{% macro judged_causes(log) -%}
    select distinct on (entries.cause_id)
        entries.cause_id,
        entries.verified_by as judged_by,
        entries.verified_at as judged_at
    from {{ log }} as entries
    where entries.cause_id is not null
    order by entries.cause_id, entries.entry_no
{%- endmacro %}


{#- What a person should look at to decide, in one sentence. -#}
{% macro what_to_look_at(root) -%}
    case
        when {{ root }}.rule in ('implied_drop', 'implied_cascade', 'unrecorded_drop', 'unused_type', 'replaced_overload', 'made_anew')
            then 'Look for the migration that dropped ' || {{ root }}.object_identity
                || ': it is certain that it was gone in the end, not when.'
        when {{ root }}.rule like '%rename%'
            then 'Look for the migration that gave ' || {{ root }}.object_identity
                || ', or a part of it, the new name: does it say what the statement says, and when did it run?'
        when {{ root }}.rule in ('stub_relation', 'stub_column', 'missing_enum', 'missing_domain')
            then 'Look for the migration that made ' || {{ root }}.object_identity
                || ': of its definition nothing is left but what the statement shows.'
        when {{ root }}.rule like '%from_live_catalog' or {{ root }}.rule in ('older_view', 'older_function', 'older_table', 'older_constraint', 'older_extension')
            then 'Compare ' || {{ root }}.object_identity
                || ' as rebuilt with the migration that made it: was it then as the live catalog has it now?'
        when {{ root }}.rule = 'reconcile'
            then 'Look for the change of ' || {{ root }}.object_identity
                || ' that left no row: the live catalog has it so, and nothing tells since when.'
        when {{ root }}.rule in ('depends_on_data', 'rows_of_code')
            then 'Read the recorded code: did it leave ' || {{ root }}.object_identity || ' as it was rebuilt?'
        when {{ root }}.rule in ('in_doubt', 'rests_on_inferred')
            then 'Compare ' || {{ root }}.object_identity || ' as rebuilt with the recorded SQL, and with what else names it.'
        else 'Compare the recorded SQL with ' || {{ root }}.object_identity || ' as rebuilt: is the step what was missing?'
    end
{%- endmacro %}
