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


{#- Of what kind the rows of the catalog are that tell the moments of a cause: where ids of transactions do. -#}
{% macro dated_kind(root) -%}
    case {{ root }}.rule
        when 'comment_from_live_catalog' then 'comment'
        when 'foreseen_rename' then 'column'
        when 'renamed_constraint' then 'constraint'
        else lower(replace({{ root }}.object_type, '_', ' '))
    end
{%- endmacro %}


{#- Whether a cause is the one of a branch with that key (Repair.about, mark_uncertain). -#}
{% macro is_cause(root, key) -%}
    {{ root }}.cause_id = md5({{ root }}.branch_name || ':' || {{ key }})::uuid
{%- endmacro %}


{#- What a person should look at to decide, in one sentence. -#}
{% macro what_to_look_at(root) -%}
    case
        when {{ is_cause(root, "'last written: ' || " ~ dated_kind(root)) }} then
            case {{ dated_kind(root) }}
                when 'comment'
                    then 'Each of these comments is of the transaction that last wrote it: had one of the objects another comment before?'
                when 'column'
                    then 'Recorded columns show each of these renames, and its moment is that of the transaction that last wrote the column: '
                        || 'did something else write one later, as a second rename or a GRANT on a column does?'
                when 'constraint'
                    then 'The live catalog shows each of these renames of constraints, and its moment is that of the transaction '
                        || 'that last wrote the constraint: was one of them renamed twice?'
                else 'Each of these was as it is now from the transaction on that last wrote its row in the catalog: '
                    || 'was there an earlier ' || {{ dated_kind(root) }} || ' of one of the names, altered, granted or made anew then?'
            end
        when {{ is_cause(root, "'the transaction went on'") }}
            then 'Each of these rows is the last record of a table that goes later: '
                || 'did its transaction go on behind the recorded statement, and rename a column?'
        when {{ is_cause(root, "'no rows: cluster'") }}
            then 'CLUSTER leaves no row: did somebody run it on the tables of these indexes at other times than the texts '
                || 'and the live catalog show, or by another index?'
        when {{ is_cause(root, "'no rows: ' || lower(replace(" ~ root ~ ".object_type, '_', ' '))") }}
            then 'v1 leaves no row for a ' || lower(replace({{ root }}.object_type, '_', ' '))
                || ': was one of these changed by a statement of its own, before the recorded text that changes it here?'
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
        when {{ root }}.rule in ('depends_on_data', 'rows_of_code', 'without_privileges', 'unexplained_row', 'statement_failed')
            then 'Read the recorded text: did it leave ' || {{ root }}.object_identity || ' as it was rebuilt?'
        when {{ root }}.rule in ('in_doubt', 'rests_on_inferred')
            then 'Compare ' || {{ root }}.object_identity || ' as rebuilt with the recorded SQL, and with what else names it.'
        else 'Compare the recorded SQL with ' || {{ root }}.object_identity || ' as rebuilt: is the step what was missing?'
    end
{%- endmacro %}
