{#- Also those between two changes of one commit, which no tree holds. -#}
{% test every_definition_has_its_blob(model, column_name, blobs) %}

with

definitions as (

    select distinct {{ git_sha("'blob'", column_name) }} as blob_sha
    from {{ model }}
    where {{ column_name }} is not null

),

blobs as (

    select blob_sha from {{ blobs }}

    union

    select blob_sha from {{ ref('stg_pggit_v0__blobs') }}

)

select definitions.blob_sha
from definitions
left join blobs on definitions.blob_sha = blobs.blob_sha
where blobs.blob_sha is null

{% endtest %}
