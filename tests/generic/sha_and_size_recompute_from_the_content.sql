{#- pggit_v0's own functions cast text to bytea, so that an object of theirs with a backslash may be hashed as it
    reads when unescaped; that, too, is one exact value. -#}
{% test sha_and_size_recompute_from_the_content(model, object_type) %}

with

objects as (

    select
        sha,
        size,
        {{ git_object_text("'" ~ object_type ~ "'", 'content') }} as content,
        content as stored
    from {{ model }}
    where type = '{{ object_type }}'
    -- a fence: without it the text of a tree is decoded anew for each time that it is named below
    offset 0

)

select
    sha,
    size
from objects
where
    size <> length(content)
    {%- if object_type == 'tree' %}
    -- what decodes alike may be written in many ways
    or stored <> {{ git_tree_content('content') }}
    {%- endif %}
    or (
        sha <> {{ git_sha("'" ~ object_type ~ "'", 'content') }}
        and case
            when content like '%\\%' and content ~ '^([^\\]|\\\\|\\[0-3][0-7][0-7])*$'
                then sha <> encode(sha256(('{{ object_type }} ' || length(content) || ':' || content)::bytea), 'hex')
            else true
        end
    )

{% endtest %}
