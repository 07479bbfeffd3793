{#-
  For on-run-start. What follows from the changes is completed by each build, so that one may be killed anywhere. The same
  would heal what somebody deleted, and the tests behind it would find nothing: so a build says what it puts back.
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
    {%- endif -%}
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
