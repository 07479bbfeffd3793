{#- As PostgreSQL writes identities; where two kinds share one, the kind stands behind it. -#}
{% test identity_is_that_of_schema_and_name(model) %}

with

changes as (

    select
        *,
        quote_ident(object_schema) || '.' as schema_prefix
    from {{ model }}
    where origin <> 'v0' and fidelity in ('exact', 'repaired')

)

select
    change_id,
    object_type,
    object_schema,
    object_name,
    object_identity
from changes
where
    case
        when object_type = 'SCHEMA'
            then object_schema <> object_name or object_identity <> quote_ident(object_name)
        when object_type in ('FUNCTION', 'PROCEDURE')
            -- a name may hold a parenthesis, and so may an argument's type
            then not starts_with(object_identity, schema_prefix || quote_ident(split_part(object_name, '(', 1)) || '(')
            and not starts_with(
                object_identity,
                schema_prefix || quote_ident(regexp_replace(object_name, '[(][^(]*[)]$', '')) || '('
            )
            -- a text that stood for a routine, under the oid that v1 recorded, until the live catalog had none such
            and not (
                origin = 'inferred' and change_type = 'DROP' and object_identity = schema_prefix || quote_ident(object_name)
            )
        when object_type in ('TRIGGER', 'POLICY', 'RULE')
            then not starts_with(object_identity, quote_ident(object_name) || ' on ' || schema_prefix)
        when object_type in ('OPERATOR FAMILY', 'OPERATOR CLASS')
            then not starts_with(object_identity, schema_prefix || quote_ident(object_name) || ' USING ')
        when object_type = 'OPERATOR'
            then not starts_with(object_identity, schema_prefix || split_part(object_name, '(', 1) || '(')
        when object_type in ('CAST', 'TRANSFORM', 'USER MAPPING')
            then object_identity <> object_name
        when object_schema is null or object_type = 'EXTENSION'
            then object_identity not in (
                quote_ident(object_name), quote_ident(object_name) || ' (' || lower(object_type) || ')'
            )
        else
            object_identity not in (
                schema_prefix || quote_ident(object_name),
                schema_prefix || quote_ident(object_name) || ' (' || lower(replace(object_type, '_', ' ')) || ')'
            )
    end is distinct from false

{% endtest %}
