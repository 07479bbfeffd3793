{% test every_entry_has_its_blob(model, objects) %}

with

used as (

    select distinct object_sha from {{ model }}

),

blobs as (

    select sha from {{ objects }}
    where type = 'blob'

    union

    select blob_sha from {{ ref('stg_pggit_v0__blobs') }}

)

select object_sha from used
where not exists (select from blobs where blobs.sha = used.object_sha)

{% endtest %}
