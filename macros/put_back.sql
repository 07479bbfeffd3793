{#-
  For on-run-start. What follows from the changes is completed by each build, so that one may be killed anywhere. The same
  would heal what somebody deleted or marked, and the tests behind it would find nothing: so a build says what it puts back.
-#}
{% macro say_what_is_put_back() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') and is_published('changes') and is_published('ref_moves') -%}
        {%- set lost = run_query(what_is_put_back()).rows -%}
        {%- if lost -%}
            {%- do exceptions.warn(
                'Rows that builds published are gone: ' ~ adapter.shown(lost | map(attribute='lost') | join('; ')) ~ '. This build '
                ~ 'puts them back, as the changes say. A build that was killed leaves such gaps; if none was, somebody deleted them: find '
                ~ 'out who could, and look at what else the gate says (dbt test --select tag:gate).'
            ) -%}
        {%- endif -%}
        {%- set marked = run_query(what_is_marked_anew()).rows -%}
        {%- if marked -%}
            {%- do exceptions.warn(
                'is_current of ' ~ marked | length ~ ' row(s) of object_versions is not what builds left there, the first of '
                ~ adapter.shown(marked[0]['object_identity']) ~ ' (version ' ~ marked[0]['version_number'] ~ '). This build sets it as '
                ~ 'the changes say. A build that was killed leaves it so; if none was, somebody changed it: find out who could.'
            ) -%}
        {%- endif -%}
        {%- set written = run_query(what_others_wrote()).rows -%}
        {%- if written -%}
            {%- do exceptions.warn(
                'What builds fill anew is not what they left: ' ~ written | map(attribute='written') | join('; ') ~ '. This build takes it '
                ~ 'away. A build that was killed leaves rows of repairs and findings; if none was, somebody wrote there: find out who could.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#- What somebody put where a build empties a table first, as a query: written. The summary was filled by the transaction that is
    noted for that; in a copy that was restored another one wrote the notes themselves. -#}
{% macro what_others_wrote() %}
    {%- set summary = published_relation('verification_summary') -%}
    with

    own as (

        select
            transaction_id % 4294967296 as transaction_id,
            purpose,
            xmin::text::bigint as writer
        from {{ own_transactions() }}

    ),

    counted as (

        select
            1 as place,
            'rows of repairs and findings that belong to no change' as what,
            (
                select count(*) from {{ published('repairs') }} as repairs
                where not exists (
                    select from {{ published('changes') }} as changes
                    where changes.change_id = repairs.change_id
                )
            ) + (
                select count(*) from {{ published('findings') }} as findings
                where not exists (
                    select from {{ published('changes') }} as changes
                    where changes.change_id = findings.change_id
                )
            ) as times

        {%- if summary is not none and summary.is_table %}

        union all

        select
            2,
            'rows of verification_summary that no build wrote',
            count(*)
        from {{ summary }} as summary
        where
            exists (select from own where own.purpose = 'summary' and own.writer = own.transaction_id)
            and summary.xmin::text::bigint not in (select own.transaction_id from own where own.purpose = 'summary')
        {%- endif %}

    )

    select what || ': ' || times as written
    from counted
    where times > 0
    order by place
{% endmacro %}


{#- The versions that are not marked as a build left them: object_identity, version_number. Where the last change of an object on
    its branch left a definition, that is current. Whoever uses pggit_v0 may set a branch back that went on there, or delete it,
    and no change tells of it: of such a branch nothing is said. -#}
{% macro what_is_marked_anew() %}
    with

    placed as (

        select
            changes.change_id,
            changes.object_identity,
            changes.event_no,
            changes.commit_sha,
            changes.backfilled_from_v1,
            case
                when changes.backfilled_from_v1 and exists (
                    select from {{ published('ref_moves') }} as moves
                    where moves.ref_name = 'refs/heads/v1/' || changes.branch_name
                ) then 'refs/heads/v1/'
                else 'refs/heads/'
            end || changes.branch_name as ref_name
        from {{ published('changes') }} as changes

    ),

    ends as (

        select distinct on (ref_name)
            ref_name,
            commit_sha,
            backfilled_from_v1
        from placed
        order by ref_name, event_no desc

    ),

    last_changes as (

        select
            placed.change_id,
            placed.event_no = max(placed.event_no) over (partition by placed.ref_name, placed.object_identity) as is_last
        from placed
        inner join ends on placed.ref_name = ends.ref_name
        left join {{ source('pggit_v0', 'refs') }} as refs on ends.ref_name = refs.name
        where
            ends.backfilled_from_v1
            or refs.target_sha = ends.commit_sha
            or (refs.name is not null and refs.target_sha not in (select placed.commit_sha from placed))

    )

    select
        versions.object_identity,
        versions.version_number
    from {{ published('object_versions') }} as versions
    inner join last_changes on versions.change_id = last_changes.change_id
    where versions.is_current <> last_changes.is_last
    order by versions.object_identity, versions.version_number
{% endmacro %}


{#- What a build will put back, as a query: lost. -#}
{% macro what_is_put_back() %}
    with

    counted as (

        select
            1 as place,
            'object_versions' as what,
            count(*) as times
        from {{ published('changes') }} as changes
        where
            changes.new_definition is not null
            and not exists (
                select from {{ published('object_versions') }} as versions
                where versions.change_id = changes.change_id
            )

        union all

        select
            2,
            'compliance_log',
            count(*)
        from {{ published('changes') }} as changes
        where not exists (
            select from {{ published('compliance_log') }} as entries
            where entries.change_id = changes.change_id
        )

        union all

        select
            3,
            'excluded_history',
            count(*)
        from {{ published('compliance_log') }} as entries
        where
            entries.change_id is null
            and not exists (
                select from {{ published('excluded_history') }} as excluded_history
                where excluded_history.v1_version_id = entries.v1_version_id
            )

        union all

        select
            4,
            'refs of pggit_v0',
            count(distinct moves.ref_name)
        from {{ published('ref_moves') }} as moves
        where not exists (
            select from {{ source('pggit_v0', 'refs') }} as refs
            where refs.name = moves.ref_name
        )

        union all

        select
            5,
            'head of pggit_v0',
            count(*)
        from (values (1)) as one (id)
        where
            exists (select from {{ published('ref_moves') }} as moves)
            and not exists (select from {{ source('pggit_v0', 'head') }})

    )

    select what || ': ' || times as lost
    from counted
    where times > 0
    order by place
{% endmacro %}
