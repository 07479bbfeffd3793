{{ config(group="schema_history") }}
with

noted as (

    select * from {{ ref('int_preflight__digests') }}

),

found as (

    {{ preflight_digests() }}

)

select
    table_name,
    noted.digest as noted,
    found.digest as found
from noted
full outer join found using (table_name)
where noted.digest is distinct from found.digest
