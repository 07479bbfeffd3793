{#- By the granularity that the build ran with; a reconciliation is a commit of its own, without a history row. -#}
{% test one_commit_per_history_row_or_transaction(model, changes) %}

with

commits as (

    select
        commits.branch_name,
        commits.chain_position,
        commits.commit_sha,
        count(changes.change_id) as changes,
        count(changes.v1_version_id) as history_rows,
        count(changes.anchor_version_id) as anchored_changes,
        count(distinct row(changes.author, changes.committed_at)) as authors_and_times,
        min(changes.author) as author,
        min(changes.committed_at) as committed_at
    from {{ model }} as commits
    left join {{ changes }} as changes on commits.commit_sha = changes.commit_sha
    group by commits.branch_name, commits.chain_position, commits.commit_sha

),

judged as (

    select
        *,
        changes > 0 and anchored_changes = 0 as is_reconciliation,
        {% if var('commit_granularity') == 'transaction' -%}
        history_rows > 0
        and authors_and_times = 1
        and (author, committed_at) is distinct from
            lag(case when history_rows > 0 then row(author, committed_at) end) over in_order as is_one_unit
        {%- else -%}
        history_rows = 1 as is_one_unit
        {%- endif %}
    from commits
    window in_order as (partition by branch_name order by chain_position)

)

select * from judged
where not is_reconciliation and not is_one_unit

{% endtest %}
