{% test expect_column_to_exist(model, column_name, column_index=None, transform="upper") %}
    {%- if execute -%}
        {%- set wanted = [column_name] | map(transform) | first -%}
        {%- set names = adapter.get_columns_in_relation(model) | map(attribute="name") | map(transform) | list -%}
        {%- set position = names.index(wanted) + 1 if wanted in names else 0 -%}
        select {{ position }} as position
        where {{ position }} = 0 {{ "or " ~ position ~ " <> " ~ column_index if column_index }}
    {%- endif -%}
{% endtest %}
