{#-
  dbt writes the body of a function between $$, as LANGUAGE SQL. This takes the place of that macro, so that a
  function may say in its configuration which language it is in (meta.language) and which settings it runs with
  (meta.settings), and so that a body may hold $$.
-#}
{% macro postgres__scalar_function_body_sql() %}
    $function$
{{ model.compiled_code }}
    $function$
    language {{ model.config.meta.get('language', 'sql') }}
    {%- for setting, value in model.config.meta.get('settings', {}).items() %}
    set {{ setting }} = {{ value }}
    {%- endfor %}
{% endmacro %}


{% macro audit_tree_of(commit_sha) -%}
(
        select g.tree_sha
        from {{ source('pggit_v0', 'commit_graph').include(database=false) }} as g
        where g.commit_sha = {{ commit_sha }}
    )
{%- endmacro %}


{#- A statement of PL/pgSQL. -#}
{% macro audit_no_such_commit(commit_sha) -%}
raise exception 'There is no commit % in {{ source("pggit_v0", "commit_graph").include(database=false) }}.', coalesce(quote_literal({{ commit_sha }}), 'NULL')
            using errcode = 'no_data_found',
            hint = 'Give the whole SHA of a commit. The tips of the branches: select name, target_sha from {{ source("pggit_v0", "refs").include(database=false) }};';
{%- endmacro %}
