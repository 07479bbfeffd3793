{#- Objects are addressed by content: what pggit_v0 has under a SHA of this build must hash to it, as ours does. -#}
{% test stored_object_is_the_same(model, stored) %}

select
    objects.sha,
    stored.type as stored_type
from {{ model }} as objects
inner join {{ stored }} as stored on objects.sha = stored.sha
where
    objects.type <> stored.type
    or objects.size <> stored.size
    or stored.sha <> {{ git_sha('stored.type', git_object_text('stored.type', 'stored.content')) }}

{% endtest %}
