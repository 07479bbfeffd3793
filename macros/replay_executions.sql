{#- The history's rows, one query of a client after the other; those that are published, or those that are not. -#}
{% macro replay_executions(is_published) -%}
with

history as (

    select * from {{ ref('stg_pggit__history') }}

),

horizon as (

    select * from {{ ref('int_replay__horizon') }}

),

transactions as (

    select * from {{ ref('int_replay__transactions') }}

),

published_changes as (

    select v1_version_id from {{ published('changes') }} as changes
    where v1_version_id is not null

),

published_exclusions as (

    select v1_version_id from {{ published('excluded_history') }} as excluded_history

),

chosen_rows as (

    select
        history.*,
        transactions.transaction_no,
        history.change_sql ~* '\m(commit|end|rollback|abort)\M' as ends_transactions,
        lag(transactions.transaction_no) over branch_rows as previous_transaction_no,
        lag(history.change_sql) over branch_rows as previous_sql,
        lag(history.created_at) over branch_rows as previous_created_at,
        lag(history.author) over branch_rows as previous_author,
        row_number() over branch_rows as row_in_branch
    from history
    -- what came since is for the next build
    inner join horizon on history.version_id = horizon.version_id
    left join transactions on history.version_id = transactions.version_id
    where
        {{ '' if is_published else 'not' }} exists (
            select from published_changes
            where history.version_id = published_changes.v1_version_id
        )
        {{ 'or' if is_published else 'and not' }} exists (
            select from published_exclusions
            where history.version_id = published_exclusions.v1_version_id
        )
    window branch_rows as (partition by history.branch_name order by history.version_id)

),

-- One query of a client left one text in all its rows. Where the transactions are known, they decide, else the time: the
-- author may change within one (SET ROLE). Who sent it counts where a time was erased. A text that ends transactions
-- itself has rows of several; the time of them all is that at which it came.
starts as (

    select
        chosen_rows.*,
        row_in_branch = 1
        or change_sql is null
        or (change_sql is distinct from previous_sql)
        or coalesce(
            transaction_no <> previous_transaction_no
            and not coalesce(created_at = previous_created_at and ends_transactions, false),
            coalesce(created_at <> previous_created_at, author <> previous_author, false)
        ) as starts_piece
    from chosen_rows

),

numbered as (

    select
        starts.*,
        sum(starts_piece::integer) over (partition by branch_name order by version_id) as piece_no
    from starts

),

timed as (

    select
        numbered.*,
        max(created_at) over piece as piece_created_at,
        extract(microseconds from max(created_at) over piece)::bigint % 1000 <> 0 as is_told_exactly
    from numbered
    window piece as (partition by branch_name, piece_no)

),

-- Of two queries no two came at one moment, where it is told as exactly as the server does, and a transaction's id is its
-- own: so where rows of other sessions lie between two pieces of one text and time, these are one query, but for what else
-- came in its transaction.
pieces as (

    select
        timed.*,
        coalesce(
            starts_piece
            and change_sql = lag(change_sql) over same_time
            and coalesce(
                transaction_no = lag(transaction_no) over same_time or (ends_transactions and is_told_exactly),
                is_told_exactly
            ),
            false
        ) as resumes_query
    from timed
    window same_time as (partition by branch_name, piece_created_at order by version_id)

),

final as (

    select
        version_id,
        branch_name,
        max(case when starts_piece and not resumes_query then piece_no end)
            over (partition by branch_name, piece_created_at order by version_id) as execution_no,
        object_type,
        object_schema,
        object_name,
        change_type,
        change_severity,
        change_sql,
        change_description,
        new_metadata -> 'columns' as recorded_columns,
        case when new_metadata ->> 'oid' ~ '^[0-9]{1,10}$' then (new_metadata ->> 'oid')::bigint end as recorded_oid,
        created_at,
        author,
        transaction_no,
        {{ exclusion_reason('pieces') }} as exclusion_reason
    from pieces

)

select * from final
{%- endmacro %}
