{#- So that every build gives a change the same id; where one object changes more than once for one row, in order. -#}
{% test change_ids_come_from_natural_keys(model) %}

with

changes as (

    select
        change_id,
        event_no,
        case origin
            when 'v1' then 'v1:' || v1_version_id
            when 'v0' then 'v0:' || commit_sha || ':' || object_identity
            else
                'inferred:'
                || coalesce(
                    anchor_version_id::text,
                    'reconcile:' || branch_name || ':' || coalesce(parent_commit_sha, 'root')
                )
                || ':' || object_identity
                || ':' || row_number() over (
                    partition by origin, commit_sha, anchor_version_id, object_identity order by event_no
                )
        end as natural_key
    from {{ model }}

)

select * from changes
where change_id <> md5(natural_key)::uuid

{% endtest %}
