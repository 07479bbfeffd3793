{{ config(group="schema_history") }}
with

compliance_log as (

    select * from {{ ref('compliance_log') }}

),

anchors as (

    select * from {{ ref('compliance_anchors') }}

),

ends as (

    select
        (select max(entry_no) from compliance_log) as last_entry_no,
        (select max(entry_no) from anchors) as last_anchor_no

)

select
    anchors.entry_no,
    anchors.entry_hash,
    compliance_log.entry_hash as hash_in_log
from anchors
left join compliance_log on anchors.entry_no = compliance_log.entry_no
where compliance_log.entry_hash is distinct from anchors.entry_hash

union all

select
    last_entry_no,
    null,
    null
from ends
where last_entry_no is distinct from last_anchor_no
