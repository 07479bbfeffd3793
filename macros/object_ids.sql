{#-
  Which object a change is of, through all of its names. A life of a path begins where the path was not there before, or
  where another object took it over, and ends with the next one. A life goes on from another one by a rename (the catalog
  that the history ran in says so; where there was none, the same definition under another name in one commit does, as
  Git has it), or because its branch was forked. What begins with neither is a new object.
-#}

{#- CTEs for a `with recursive`; the last is `identified` (change_id, object_id). -#}
{% macro object_id_ctes(changes, published, likeness_counts) -%}
drafts as (

    select
        change_id,
        event_no,
        branch_name,
        commit_sha,
        parent_commit_sha,
        anchor_version_id,
        object_identity,
        object_type,
        old_definition is null as is_new,
        new_definition is null as is_gone,
        renamed_from,
        case
            when (old_definition is null) <> (new_definition is null) and ({{ likeness_counts }})
                then md5({{ definition_without_name('coalesce(new_definition, old_definition)', 'object_identity') }})
        end as likeness
    from {{ changes }}

),

alike as (

    select
        *,
        count(*) filter (where is_new) over alikes as new_ones,
        count(*) filter (where is_gone) over alikes as gone_ones
    from drafts
    where likeness is not null
    window alikes as (partition by commit_sha, object_type, likeness)

),

alike_pairs as (

    select
        new_ones.change_id,
        gone_ones.object_identity as renamed_from
    from alike as new_ones
    inner join alike as gone_ones
        on
            new_ones.commit_sha = gone_ones.commit_sha
            and new_ones.object_type = gone_ones.object_type
            and new_ones.likeness = gone_ones.likeness
            and new_ones.object_identity <> gone_ones.object_identity
    where
        new_ones.is_new and new_ones.new_ones = 1
        and gone_ones.is_gone and gone_ones.gone_ones = 1

),

lives as (

    select
        *,
        first_value(change_id) over (
            partition by branch_name, object_identity, life_no order by event_no
        ) as first_change_id
    from (
        select
            drafts.*,
            coalesce(drafts.renamed_from, alike_pairs.renamed_from) as former_identity,
            count(*) filter (
                where drafts.is_new or coalesce(drafts.renamed_from, alike_pairs.renamed_from) is not null
            ) over (partition by drafts.branch_name, drafts.object_identity order by drafts.event_no) as life_no
        from drafts
        left join alike_pairs on drafts.change_id = alike_pairs.change_id
    ) as numbered_lives

),

known_changes as (

    select
        change_id,
        event_no,
        branch_name,
        commit_sha,
        parent_commit_sha,
        null::bigint as anchor_version_id,
        object_identity,
        false as is_taken_over,
        false as is_gone,
        object_id,
        null::uuid as first_change_id
    from {{ published }} as published_changes

    union all

    select
        change_id,
        event_no,
        branch_name,
        commit_sha,
        parent_commit_sha,
        anchor_version_id,
        object_identity,
        former_identity is not null and not is_new,
        is_gone,
        null::uuid,
        first_change_id
    from lives

),

{{ branch_lineage_ctes('known_changes') }},

beginnings as (

    select
        lives.*,
        predecessors.first_change_id as former_first_change_id,
        predecessors.object_id as former_object_id
    from lives
    left join lateral (
        select
            known_changes.first_change_id,
            known_changes.object_id
        from lineage
        inner join known_changes on lineage.ancestor_name = known_changes.branch_name
        where
            lineage.branch_name = lives.branch_name
            and known_changes.object_identity = coalesce(lives.former_identity, lives.object_identity)
            and (lineage.last_event_no is null or known_changes.event_no <= lineage.last_event_no)
            and (
                known_changes.event_no < lives.event_no
                or (
                    lives.former_identity is not null
                    and known_changes.commit_sha = lives.commit_sha
                    and known_changes.is_gone
                )
            )
            -- two that change their names with one another: what has the other one's name by now is not meant
            and not (
                known_changes.is_taken_over
                and known_changes.commit_sha = lives.commit_sha
                and known_changes.anchor_version_id is not distinct from lives.anchor_version_id
            )
        order by lineage.distance, known_changes.event_no desc
        limit 1
    ) as predecessors on lives.former_identity is not null or not lives.is_new
    where lives.change_id = lives.first_change_id

),

resolved as (

    select
        change_id,
        coalesce(former_object_id, md5('object:' || change_id)::uuid) as object_id
    from beginnings
    where former_first_change_id is null

    union all

    select
        beginnings.change_id,
        resolved.object_id
    from resolved
    inner join beginnings on resolved.change_id = beginnings.former_first_change_id

),

identified as (

    select
        lives.change_id,
        resolved.object_id
    from lives
    inner join resolved on lives.first_change_id = resolved.change_id

)
{%- endmacro %}


{#- CTEs for a `with recursive`; the last is `lineage`. -#}
{% macro branch_lineage_ctes(changes) -%}
branch_beginnings as (

    select
        {{ changes }}.branch_name,
        {{ changes }}.parent_commit_sha
    from (
        select
            branch_name,
            min(event_no) as event_no
        from {{ changes }}
        group by branch_name
    ) as first_changes
    inner join {{ changes }} on first_changes.event_no = {{ changes }}.event_no

),

forks as (

    select distinct on (branch_beginnings.branch_name)
        branch_beginnings.branch_name,
        {{ changes }}.branch_name as parent_name,
        {{ changes }}.event_no as last_event_no
    from branch_beginnings
    inner join {{ changes }}
        on
            branch_beginnings.parent_commit_sha = {{ changes }}.commit_sha
            and branch_beginnings.branch_name <> {{ changes }}.branch_name
    order by branch_beginnings.branch_name, {{ changes }}.event_no desc

),

-- the branches that one came from, itself first, each with the last change that counts there
lineage as (

    select
        branch_name,
        branch_name as ancestor_name,
        null::bigint as last_event_no,
        0 as distance
    from branch_beginnings

    union all

    select
        lineage.branch_name,
        forks.parent_name,
        least(lineage.last_event_no, forks.last_event_no),
        lineage.distance + 1
    from lineage
    inner join forks on lineage.ancestor_name = forks.branch_name
    where lineage.distance < 100

)
{%- endmacro %}


{#- What two definitions have in common that differ by the object's name, its table's or its schema's alone. -#}
{% macro definition_without_name(definition, identity) -%}
    (
        select
            coalesce(named.path[1] || ' on ', '')
            || case
                -- a schema
                when named.path[3] is null
                    then regexp_replace(
                        {{ definition }}, '(^|[^\w$"])' || {{ regex_literal('named.path[2]') }} || '(?![\w$"])', '\1?', 'g'
                    )
                else regexp_replace(
                    regexp_replace(
                        -- an identity column tells of its sequence where that is not called after the table
                        regexp_replace({{ definition }}, ' \(SEQUENCE NAME [^ )]+\)', '', 'g'),
                        '(' || {{ regex_literal('named.path[2]') }} || '\.| )'
                        || {{ regex_literal("split_part(named.path[3], '(', 1)") }} || '(?![\w$"])',
                        '\1?', 'g'
                    ),
                    '(^|[^\w$".])' || {{ regex_literal('named.path[2]') }} || '\.', '\1?.', 'g'
                )
            end
        from (select {{ path_parts(identity) }} as path) as named
    )
{%- endmacro %}


{% macro regex_literal(text) -%}
    regexp_replace({{ text }}, '[^[:alnum:]_]', '\\\&', 'g')
{%- endmacro %}


{#- The published changes with their objects, of a table of an earlier version too, which gets the column later on. -#}
{% macro published_with_object_ids() %}
    {%- if not is_published('changes') -%}{{ return(published('changes')) }}{%- endif -%}
    {%- set relation = published_relation('changes') -%}
    {%- if 'object_id' in adapter.get_columns_in_relation(relation) | map(attribute='name') -%}
        {{ return(published('changes')) }}
    {%- endif -%}
    (
        with recursive

        {{ _object_ids_by_definition(relation) }}

        select
            published_changes.change_id,
            published_changes.event_no,
            published_changes.branch_name,
            published_changes.commit_sha,
            published_changes.parent_commit_sha,
            published_changes.object_identity,
            identified.object_id
        from published_changes
        inner join identified on published_changes.change_id = identified.change_id
    )
{% endmacro %}


{#- For changes of an earlier version: which of them the catalog knew as renames was not written down. -#}
{% macro _object_ids_by_definition(relation) -%}
published_changes as (

    select
        change_id,
        event_no,
        origin,
        branch_name,
        commit_sha,
        parent_commit_sha,
        object_identity,
        object_type,
        change_type,
        old_definition,
        new_definition,
        null::bigint as anchor_version_id,
        null::text as renamed_from
    from {{ relation }}

),

none_before as (

    select
        *,
        null::uuid as object_id
    from published_changes
    where false

),

{{ object_id_ctes(
    'published_changes', 'none_before', "origin <> 'v1' or (change_type = 'ALTER' and old_definition is null)"
) }}
{%- endmacro %}


{% macro fill_object_ids(relation) %}
    with recursive

    {{ _object_ids_by_definition(relation) }}

    update {{ relation }} as changes
    set object_id = identified.object_id
    from identified
    where changes.change_id = identified.change_id
{% endmacro %}


{#- The object that had a path with a definition: what its last such change says; one that no change knows is its path. -#}
{% macro _object_of(identity, definition) -%}
(
            select coalesce(
                (
                    select c.object_id::text
                    from {{ ref('changes').include(database=false) }} as c
                    where c.object_identity = {{ identity }} and c.new_definition = {{ definition }}
                    order by c.event_no desc
                    limit 1
                ),
                {{ identity }}
            ) as object_key
        )
{%- endmacro %}
