{#- Counted in the source itself. A build takes in what is there when it begins, and is asked about that; afterwards all
    rows count, but for those that the last build itself brought about while the tracker was at work. -#}
{% test every_history_row_is_a_change_or_excluded_once(model, excluded, excluded_where='true') %}
{%- set horizon = ref('int_replay__horizon') %}

with

history_rows as (

    {{ history_rows() }}

),

history as (

    select
        trail_id as version_id,
        count(*) as history_rows
    from history_rows
    {%- if flags.WHICH in ('build', 'retry') %}
    where exists (
        select from {{ horizon }} as horizon
        where horizon.version_id = history_rows.trail_id
    )
    {%- endif %}
    group by trail_id

),

own_rows as (

    select trail_id as version_id
    from history_rows
    where {{ made_by_a_build('trail_transaction_id', 'false', 'trail_created_at', 'trail_author') }}

),

-- what a build has just excluded, and what the builds before it did
exclusions as (

    select v1_version_id from {{ excluded }}
    where {{ excluded_where }}

),

earlier_exclusions as (

    select v1_version_id from {{ published('excluded_history') }} as excluded_history
    where not exists (select from exclusions where exclusions.v1_version_id = excluded_history.v1_version_id)

),

accounted as (

    select
        v1_version_id,
        count(*) as accounts
    from (
        select v1_version_id from {{ with_published(model, 'changes', 'change_id') }} as changes
        where v1_version_id is not null

        union all

        select v1_version_id from exclusions

        union all

        select v1_version_id from earlier_exclusions
    ) as accounts
    group by v1_version_id

)

select
    history.version_id,
    history.history_rows,
    accounted.v1_version_id,
    accounted.accounts
from history
full join accounted on history.version_id = accounted.v1_version_id
where
    history.history_rows is distinct from 1
    or (
        accounted.accounts is distinct from 1
        and not (accounted.accounts is null and exists (
            select from own_rows
            where own_rows.version_id = history.version_id
        ))
    )

{% endtest %}
