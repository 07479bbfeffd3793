{% test size_is_the_length_of_the_content(model) %}

select
    sha,
    type,
    size
from {{ model }}
where
    type in ('blob', 'tree', 'commit')
    and size <> length(case type when 'tree' then convert_from(decode(content, 'base64'), 'UTF8') else content end)

{% endtest %}
