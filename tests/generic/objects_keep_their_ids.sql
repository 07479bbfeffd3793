{#- A life of a path that goes on is one object's; a change that begins one begins an object, or takes over one that has
    just lost another name; and no object has two names at once. What was published before objects had ids counts when
    it has got them. -#}
{% test objects_keep_their_ids(model) %}

with

changes as (

    select * from {{ with_published(model, 'changes', 'change_id') }} as changes

),

in_order as (

    select
        change_id,
        event_no,
        origin,
        branch_name,
        commit_sha,
        object_identity,
        object_type,
        object_id,
        change_type,
        fidelity,
        old_definition,
        new_definition,
        lag(object_id) over path as id_before,
        lag(change_id) over path is null as is_first_of_path,
        lead(change_id) over path is null as is_last_of_path
    from changes
    window path as (partition by branch_name, object_identity order by event_no)

),

-- it lost its name, and no drop that v1 recorded took it
left_names as (

    select
        branch_name,
        commit_sha,
        object_identity,
        object_id,
        event_no
    from in_order
    where new_definition is null and origin <> 'v1'

),

told as (

    select in_order.*
    from in_order
    where object_id is not null and not exists (select from changes where changes.object_id is null)

),

wrong as (

    select
        told.change_id,
        'it goes on with another object than the change before left there' as what
    from told
    where
        told.old_definition is not null
        and told.id_before <> told.object_id
        and not exists (
            select from left_names
            where
                left_names.commit_sha = told.commit_sha
                and left_names.object_id = told.object_id
                and left_names.object_identity <> told.object_identity
        )
        and not exists (
            select from changes as swapped
            where
                swapped.commit_sha = told.commit_sha
                and swapped.object_id = told.id_before
                and swapped.object_identity <> told.object_identity
                and swapped.new_definition is not null
        )

    union all

    select
        told.change_id,
        'it begins with the id of an object that did not lose another name there'
    from told
    where
        told.old_definition is null
        and exists (
            select from changes as earlier
            where earlier.object_id = told.object_id and earlier.event_no < told.event_no
        )
        and not exists (
            select from left_names
            where
                left_names.branch_name = told.branch_name
                and left_names.object_id = told.object_id
                and left_names.object_identity <> told.object_identity
                and (left_names.event_no < told.event_no or left_names.commit_sha = told.commit_sha)
        )

    union all

    select
        told.change_id,
        'it alters an object that its branch took over, and is not that object'
    from told
    where
        told.is_first_of_path
        and told.old_definition is not null
        and exists (
            select from changes as earlier
            where earlier.object_identity = told.object_identity and earlier.event_no < told.event_no
        )
        and not exists (
            select from changes as earlier
            where
                earlier.object_id = told.object_id
                and earlier.event_no < told.event_no
                and earlier.new_definition is not null
        )

    union all

    select
        told.change_id,
        'it is an object that lives under another name as well'
    from told
    inner join told as others
        on
            told.branch_name = others.branch_name
            and told.object_id = others.object_id
            and told.object_identity <> others.object_identity
    where
        told.is_last_of_path and told.new_definition is not null
        and others.is_last_of_path and others.new_definition is not null

    union all

    select
        told.change_id,
        'it alters, under a new name, the one object of its kind that lost a name in its commit, and is not that object'
    from told
    inner join in_order as former
        on
            told.commit_sha = former.commit_sha
            and told.object_type = former.object_type
            and former.new_definition is null
            and former.origin <> 'v1'
    where
        told.origin = 'v1' and told.change_type = 'ALTER' and told.old_definition is null and told.fidelity = 'exact'
        and told.new_definition is not null
    group by told.change_id, told.object_id
    having count(*) = 1 and min(former.object_id::text) <> told.object_id::text

    union all

    select
        change_id,
        'it is of no object'
    from {{ model }}
    where object_id is null
)

select
    changes.event_no,
    changes.object_identity,
    changes.object_id,
    wrong.what,
    changes.change_id
from wrong
inner join changes on wrong.change_id = changes.change_id

{% endtest %}
