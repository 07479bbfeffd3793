{% test every_entry_has_its_blob(model, column_name, blobs) %}

with

used as (

    select distinct {{ column_name }} as blob_sha from {{ model }}

),

blobs as (

    select blob_sha from {{ blobs }}

    union

    select blob_sha from {{ ref('stg_pggit_v0__blobs') }}

)

select blob_sha from used
where not exists (select from blobs where blobs.blob_sha = used.blob_sha)

{% endtest %}
