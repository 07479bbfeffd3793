{#- A path in a native tree says no more than schema and name: the rest is what the change before it knew. -#}
{% test native_changes_are_of_the_known_object(model) %}

with

changes as (

    select * from {{ with_published(model, 'changes', 'change_id') }} as changes

),

named as (

    select
        change_id,
        origin,
        object_identity,
        object_schema,
        object_name,
        object_type,
        case when origin = 'v0' then {{ definition_object_type('coalesce(new_definition, old_definition)') }} end
            as defined_type,
        lag(change_id) over in_order is not null as is_known,
        lag(object_schema) over in_order as known_schema,
        lag(object_name) over in_order as known_name,
        lag(object_type) over in_order as known_type
    from changes
    window in_order as (partition by object_identity order by event_no)

)

select named.*
from named
cross join lateral (select {{ path_parts('named.object_identity') }} as parts) as path
cross join lateral (select coalesce(path.parts[1], path.parts[3], named.object_identity) as name) as in_path
where
    named.origin = 'v0'
    and (
        named.object_schema
        is distinct from case when named.is_known then named.known_schema else {{ unquoted('path.parts[2]') }} end
        or named.object_name
        is distinct from case when named.is_known then named.known_name else {{ unquoted('in_path.name') }} end
        or named.object_type <> coalesce(named.defined_type, named.known_type)
        or (named.object_type is null and named.defined_type is not null)
    )

{% endtest %}
