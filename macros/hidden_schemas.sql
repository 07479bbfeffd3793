{#-
  Schemas that are no part of the team's: the live catalog is read without them, and their rows of the history are left out.
  A schema that dbt builds in is one of them, so a package that is configured into a schema of the team's would make all
  that is there vanish from what is published. Whatever no node of dbt's made is found here, and refused.
-#}

{% macro hidden_schemas() %}
    {%- set found = _schemas_of_others() -%}
    {%- for schema, dbts in schemas_of_packages().items() -%}
        {%- do found.update({schema: 'dbt: package ' ~ dbts.packages | join(', ')}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{% macro _schemas_of_others() %}
    {%- set found = {} -%}
    {%- for name in [var('pggit_schema'), v1_archive_schema(), var('pggit_v0_schema')] -%}{%- do found.update({name: 'the tracker'}) -%}{%- endfor -%}
    {%- for name in [var('audit_schema'), var('audit_schema') ~ '_work'] -%}{%- do found.update({name: 'this project'}) -%}{%- endfor -%}
    {%- for name in var('hidden_schemas', []) if name not in found -%}{%- do found.update({name: 'variable hidden_schemas'}) -%}{%- endfor -%}
    {{ return(found) }}
{% endmacro %}


{#- The schemas that are hidden for nothing but that dbt builds in them: by schema the packages that do, and the names of
    what they build. dbt's graph is whole only when a command runs. -#}
{% macro schemas_of_packages() %}
    {%- set others = _schemas_of_others() -%}
    {%- set found = {} -%}
    {%- if execute and graph.nodes is defined -%}
        {%- set nodes = graph.nodes.values()
            | selectattr('resource_type', 'in', ['model', 'seed', 'snapshot', 'test']) | list -%}
        {%- for node in nodes + graph.functions.values() | list if node.schema and node.schema not in others -%}
            {%- set schema = found.setdefault(node.schema, {'packages': [], 'names': []}) -%}
            {%- if node.package_name not in schema.packages -%}{%- do schema.packages.append(node.package_name) -%}{%- endif -%}
            {#- a command that was killed may have left the other two -#}
            {%- do schema.names.extend([node.alias, node.alias ~ '__dbt_tmp', node.alias ~ '__dbt_backup']) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{% endmacro %}


{#-
  What is in schemas in which dbt builds and is none of dbt's. dbt's is what a node is called like, once a build of this project has
  made anything, and what such a build, or the night, wrote last. Of the catalogs those count whose objects have a schema, by what
  PostgreSQL notes of dependencies; not what belongs to another object (sequences of columns, members of extensions).

  `hidden`: a query of schema_name. The rest may be none, where there is none yet: `names`, a query of schema_name and name;
  `own`, own_transactions; `changes`, what is published; `history`, a query of schema_name, version_id, created_at.
-#}
{% macro others_in_schemas_of_dbt(hidden, names=none, own=none, changes=none, history=none) %}
    with

    hidden as (

        {{ hidden }}

    ),

    names as (

        {{ names or 'select null::text as schema_name, null::text as name where false' }}

    ),

    own_transactions as (

        {% if own -%}
        select
            transaction_id,
            began_at
        from {{ own }}
        where {{ is_a_builds('purpose') }}
        {%- else -%}
        select
            null::bigint as transaction_id,
            null::timestamp as began_at
        where false
        {%- endif %}

    ),

    -- the night's too
    notes as (

        {{ 'select transaction_id from ' ~ own if own else 'select null::bigint as transaction_id where false' }}

    ),

    members as (

        select
            hidden.schema_name,
            pg_depend.classid,
            pg_depend.objid,
            exists (
                select from notes
                where notes.transaction_id % 4294967296 = coalesce(pg_class.xmin, pg_proc.xmin)::text::bigint
            ) as is_written_by_us,
            coalesce(pg_class.relname, pg_proc.proname)::text as name
        from hidden
        inner join pg_namespace on hidden.schema_name = pg_namespace.nspname
        {{ joined_members() }}
        where {{ stands_alone() }}

    ),

    in_the_catalog as (

        select
            members.schema_name,
            objects.type || ' ' || objects.identity as what,
            case when objects.type = 'table' then 3 else 4 end as place
        from members
        cross join lateral pg_identify_object(members.classid, members.objid, 0) as objects
        where
            not members.is_written_by_us
            and not (
                exists (select from own_transactions)
                and exists (
                    select from names
                    where names.schema_name = members.schema_name and names.name = members.name
                )
            )

    ),

    published as (

        {% if changes -%}
        select
            hidden.schema_name,
            count(*) || ' published change(s), the last one of ' || (array_agg(changes.object_identity order by changes.event_no desc))[1]
                as what,
            2 as place
        from hidden
        inner join {{ changes }} as changes on hidden.schema_name = changes.object_schema
        group by hidden.schema_name
        {%- else -%}
        select
            null::text as schema_name,
            null::text as what,
            2 as place
        where false
        {%- endif %}

    ),

    {% if history -%}
    history as (

        {{ history }}

    ),

    {% endif -%}
    {#- what was recorded since then may be of what the package makes and drops again -#}
    recorded as (

        {% if history -%}
        select
            hidden.schema_name,
            count(*) || ' row(s) of the history from before the first build, the last one ' || max(history.version_id) as what,
            1 as place
        from hidden
        inner join history on hidden.schema_name = history.schema_name
        where (history.created_at < (select min(own_transactions.began_at) from own_transactions)) is not false
        group by hidden.schema_name
        {%- else -%}
        select
            null::text as schema_name,
            null::text as what,
            1 as place
        where false
        {%- endif %}

    )

    select
        schema_name,
        what
    from (
        select * from in_the_catalog
        union all
        select * from published
        union all
        select * from recorded
    ) as found
    order by schema_name, place, what
{% endmacro %}


{#- Two queries of values for the macro above. -#}
{% macro schemas_of_packages_query() %}
    select schemas.schema_name
    from jsonb_array_elements_text({{ dbt.string_literal(dbt.escape_single_quotes(tojson(schemas_of_packages().keys() | list))) }}::jsonb) as schemas (schema_name)
{% endmacro %}


{% macro names_of_nodes_query() %}
    {%- set names = {} -%}
    {%- for schema, found in schemas_of_packages().items() -%}{%- do names.update({schema: found.names}) -%}{%- endfor -%}
    select
        schemas.schema_name,
        nodes.name
    from jsonb_each({{ dbt.string_literal(dbt.escape_single_quotes(tojson(names))) }}::jsonb) as schemas (schema_name, names)
    cross join lateral jsonb_array_elements_text(schemas.names) as nodes (name)
{% endmacro %}


{% macro _preflight_schemas_of_packages() %}
    {%- set packages = schemas_of_packages() -%}
    {%- if packages -%}
        {%- set history = v1_relation('history') -%}
        {%- set own = _relation_if_there(own_transactions()) -%}
        {%- if 'object_id' in source_columns(history) -%}
            {%- set rows -%}
                select
                    objects.schema_name::text as schema_name,
                    history.id::bigint as version_id,
                    history.created_at::timestamp as created_at
                from {{ history }} as history
                inner join {{ v1_relation('objects') }} as objects on history.object_id = objects.id
                {%- if own %}
                where not exists (
                    select from {{ own }} as own_transactions
                    where {{ is_a_builds('own_transactions.purpose') }} and own_transactions.began_at = history.created_at
                )
                {%- endif %}
            {%- endset -%}
        {%- endif -%}
        {%- set found = run_query(others_in_schemas_of_dbt(
            schemas_of_packages_query(), names_of_nodes_query(), own,
            _relation_if_there(adapter.quote(var('audit_schema')) ~ '.changes'), rows
        )).rows -%}
        {%- for schema in found | map(attribute='schema_name') | unique | sort -%}
            {%- set others = found | selectattr('schema_name', 'equalto', schema) | map(attribute='what') | list -%}
            {%- set more = others | length - 4 -%}
            {%- do _source_error(
                'dbt builds nodes of ' ~ packages[schema].packages | join(', ') ~ ' in schema ' ~ schema
                ~ ', so that it is no part of the history; but it holds what none of them made: ' ~ others[:4] | join(', ')
                ~ (', and ' ~ more ~ ' more' if more > 0 else '') ~ '. All of that would vanish from what is published.',
                'Give the package a schema of its own (+schema in dbt_project.yml; docs/OTHER_PACKAGES.md). If nothing in ' ~ schema
                ~ " is the team's, say so: --vars '{hidden_schemas: [" ~ schema ~ "]}', for good in dbt_project.yml."
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{#- Asked of the server: dbt's cache is not filled yet when schemas are made. -#}
{% macro _relation_if_there(relation) %}
    {%- set found = run_query("select to_regclass(" ~ dbt.string_literal(relation) ~ ") is not null as is_there").rows[0] -%}
    {{ return(relation if found['is_there'] else none) }}
{% endmacro %}


{#- Joins from pg_namespace to what is in a schema: pg_depend, and what it is of pg_class or pg_proc. -#}
{% macro joined_members() -%}
    inner join pg_depend
        on pg_depend.refclassid = 'pg_namespace'::regclass
        and pg_namespace.oid = pg_depend.refobjid
        and pg_depend.deptype = 'n'
    left join pg_class on pg_depend.classid = 'pg_class'::regclass and pg_depend.objid = pg_class.oid
    left join pg_proc on pg_depend.classid = 'pg_proc'::regclass and pg_depend.objid = pg_proc.oid
{%- endmacro %}


{#- Whether a member belongs to nothing else, as indexes do, sequences of columns, and what an extension brought. -#}
{% macro stands_alone() -%}
    not exists (
        select from pg_depend as belonging
        where
            belonging.classid = pg_depend.classid
            and belonging.objid = pg_depend.objid
            and (
                belonging.deptype in ('i', 'e')
                or (belonging.deptype = 'a' and pg_class.relkind = 'S')
            )
    )
{%- endmacro %}
