with

object_versions as (

    select * from {{ ref('object_versions') }}

),

changes as (

    select * from {{ ref('changes') }}

),

numbered as (

    select
        object_versions.object_identity,
        object_versions.version_number,
        row_number() over (
            partition by object_versions.object_identity
            order by changes.event_no, object_versions.version_id
        ) as expected_number
    from object_versions
    left join changes on object_versions.change_id = changes.change_id

)

select * from numbered
where version_number <> expected_number
