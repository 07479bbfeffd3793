{% test every_history_row_is_a_change_or_excluded_once(model, history, excluded, excluded_where='true') %}

with

history as (

    select
        version_id,
        count(*) as history_rows
    from {{ history }}
    group by version_id

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
    or accounted.accounts is distinct from 1

{% endtest %}
