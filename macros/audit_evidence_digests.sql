{% macro audit_evidence_digests(changes, repairs, findings) -%}
    select
        change_id,
        left(encode(sha256(convert_to(jsonb_agg(line order by line)::text, 'UTF8')), 'hex'), 16) as digest
    from (
        select
            change_id,
            jsonb_build_array('change', event_no, branch_name, object_type, fidelity) as line
        from {{ changes }}

        union all

        select
            change_id,
            jsonb_build_array('repair', step_no, v1_version_id, rule, statement, evidence)
            -- rows of an earlier version of this project have none of these
            || case
                when cause_id is null then '[]'::jsonb
                else jsonb_build_array(
                    not_before_version_id, not_after_version_id, not_before, not_after, cause_id
                )
            end as line
        from {{ repairs }}

        union all

        select
            change_id,
            jsonb_build_array('finding', finding_no, v1_version_id, code, message) as line
        from {{ findings }}
    ) as lines
    group by change_id
{%- endmacro %}
