{#- "Got 1 result, configured to fail if != 0" says neither what is wrong nor where. -#}
{% macro say_what_failed(results) %}
    {%- for result in (results if execute else []) if result.status == 'fail' and result.node.resource_type == 'test' -%}
        {%- set failed = result.node -%}
        {%- set lines = ['', failed.name ~ ' failed: ' ~ result.failures ~ (' row' if result.failures == 1 else ' rows')] -%}
        {%- for line in failed.description.strip().splitlines() if line -%}{%- do lines.append('  ' ~ line) -%}{%- endfor -%}
        {#- a test of an expectation may count what is wrong instead of listing it -#}
        {%- set rows = run_query('select * from (\n' ~ failed.compiled_code ~ '\n) as wrong_rows limit 3').rows -%}
        {%- if rows -%}{%- do lines.append('  ' ~ ('The row:' if result.failures == 1 else 'The first rows:')) -%}{%- endif -%}
        {%- for row in rows -%}
            {%- set facts = [] -%}
            {%- for column, value in row.items() if value is not none -%}
                {%- do facts.append(column ~ ' ' ~ adapter.shown(value | string | replace('\n', ' ') | truncate(80, true))) -%}
            {%- endfor -%}
            {%- do lines.append('    ' ~ facts | join(', ')) -%}
        {%- endfor -%}
        {%- if 'gate_before_publication' in failed.tags -%}
            {%- do lines.append('  Nothing that hangs on it was published; what was published before is as it was.') -%}
        {%- endif -%}
        {%- do log(lines | join('\n'), info=true) -%}
    {%- endfor -%}
{% endmacro %}
