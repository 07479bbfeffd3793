{#-
  A published table outlives the version of the project that made it: columns that came later are added to it, and
  filled for the rows that are there. The model names them in meta.added_columns, and in meta.backfill the macro that
  fills them. It runs before the guards are made anew, so that they forbid changes of the new columns from then on.
-#}

{% macro missing_columns(relation, model) %}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {{ return(model.columns.keys() | reject('in', present) | list) }}
{% endmacro %}


{% macro add_missing_columns(relation, model) %}
    {%- set missing = missing_columns(relation, model) -%}
    {%- if missing -%}
        {% call statement('add_columns') -%}
            {%- for name in missing %}
            alter table {{ relation }} add column {{ adapter.quote(name) }} {{ model.columns[name].data_type }};
            {%- endfor %}
        {%- endcall %}
        {%- set backfill = model.config.meta.get('backfill') -%}
        {%- if backfill -%}
            {% call statement('backfill') -%}{{ context[backfill](relation, missing) }}{%- endcall %}
        {%- endif -%}
        {% call statement('constrain') -%}
            {%- for name in missing %}
                {%- for constraint in model.columns[name].constraints %}
            alter table {{ relation }} {{ _added_constraint(adapter.quote(name), constraint) }};
                {%- endfor -%}
            {%- endfor %}
            select
        {%- endcall %}
        {%- do _add_missing_indexes(relation, missing) -%}
    {%- endif -%}
{% endmacro %}


{#- For a seed, which dbt empties and fills again in the columns that it has. -#}
{% macro add_missing_seed_columns() %}
    {%- set relation = load_relation(this) -%}
    {%- if execute and relation -%}{%- do add_missing_columns(relation, model) -%}{%- endif -%}
{% endmacro %}


{% macro _added_constraint(column, constraint) -%}
    {%- if constraint.type == 'not_null' -%}
        alter column {{ column }} set not null
    {%- elif constraint.type == 'unique' -%}
        add unique ({{ column }})
    {%- elif constraint.type == 'check' -%}
        add check ({{ constraint.expression }})
    {%- else -%}
        {%- do exceptions.raise_compiler_error('A column that is added cannot have a constraint ' ~ constraint.type) -%}
    {%- endif -%}
{%- endmacro %}


{% macro _add_missing_indexes(relation, missing) %}
    {%- for index in config.get('indexes', []) if index.columns | select('in', missing) | list -%}
        {% call statement('index') -%}{{ get_create_index_sql(relation, index) }}{%- endcall %}
    {%- endfor -%}
{% endmacro %}


{% macro backfill_changes(relation, columns) %}
    {%- set from_history = columns | reject('equalto', 'object_id') | list -%}
    {%- if from_history %}
    update {{ relation }} as changes
    set
        {%- for column in from_history %}
        {{ adapter.quote(column) }} = history.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_pggit__history') }} as history
    where changes.v1_version_id = history.version_id;
    {%- endif %}
    {%- if 'object_id' in columns %}
    {{ fill_object_ids(relation) }}
    {%- endif %}
{% endmacro %}


{% macro backfill_object_versions(relation, columns) %}
    update {{ relation }} as object_versions
    set
        {%- for column in columns %}
        {{ adapter.quote(column) }} = changes.{{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('changes') }} as changes
    where object_versions.change_id = changes.change_id
{% endmacro %}
