{#- Objects are addressed by content: what pggit_v0 has under a SHA must be what this build has under it. -#}
{% test stored_object_is_the_same(model, stored) %}

select
    objects.sha,
    stored.type as stored_type
from {{ model }} as objects
inner join {{ stored }} as stored on objects.sha = stored.sha
where
    objects.type <> stored.type
    or objects.size <> stored.size
    or objects.content <> stored.content

{% endtest %}
