{#-
    A function's recorded name is an OID of a database that may be gone: it can be compared with the one among its recorded
    facts alone, and its schema. (Where a relation had that OID, v1 wrote that one's name.) Of an index with a quoted name v1
    does not find the schema, and writes public.
-#}
{% test object_is_the_one_that_v1_recorded(model, history) %}

select
    changes.v1_version_id,
    history.object_type as recorded_type,
    history.object_schema as recorded_schema,
    history.object_name as recorded_name,
    changes.object_type,
    changes.object_schema,
    changes.object_name
from {{ model }} as changes
inner join {{ history }} as history on changes.v1_version_id = history.version_id
where
    changes.object_type is distinct from history.object_type
    or (
        changes.object_schema is distinct from coalesce({{ unquoted('history.object_schema') }}, changes.object_schema)
        and (history.object_type, history.object_schema, left(history.object_name, 1)) <> ('INDEX', 'public', '"')
    )
    or (
        history.object_type not in ('FUNCTION', 'PROCEDURE')
        and changes.object_name is distinct from {{ unquoted('history.object_name') }}
    )
    or (
        history.object_type in ('FUNCTION', 'PROCEDURE')
        and history.object_name ~ '^[0-9[:space:]]+$'
        and history.object_name <> history.new_metadata ->> 'oid'
    )

{% endtest %}
