{{ config(group="schema_history") }}
with

noted as (

    select * from {{ ref('int_preflight__digests') }}

),

found as (

    select
        'int_preflight__checks' as table_name,
        {{ rows_digest(ref('int_preflight__checks')) }} as digest

    union all

    select
        'int_preflight__uses',
        {{ rows_digest(ref('int_preflight__uses')) }}

)

select
    table_name,
    noted.digest as noted,
    found.digest as found
from noted
full outer join found using (table_name)
where noted.digest is distinct from found.digest
