{#- v1's history lies in two tables: cleanup_old_data() moves what is older than two years to history_archive. -#}

{% macro history_rows() %}
    {#- Every row of both, straight from the source, under names of our own beside v1's. -#}
    {%- set archive = source('pggit', 'history_archive') -%}
    {{ _history_rows_of(source('pggit', 'history'), false) }}
    {%- if source_columns(archive, required=false) %}

    union all

    {{ _history_rows_of(archive, true) }}
    {%- endif %}
{% endmacro %}


{% macro _history_rows_of(relation, is_archived) %}
    {%- set columns = source_columns(source('pggit', 'history')) -%}
    {%- set present = source_columns(relation) -%}
    {%- set id = pick_column(present, relation.identifier, ['id', 'version_id'], 'null') -%}
    select
        {%- for column in columns %}
        {{ adapter.quote(column) if column in present else 'null' }} as {{ adapter.quote(column) }},
        {%- endfor %}
        {{ id }}::bigint as trail_id,
        {{ 'true' if is_archived else 'false' }} as trail_is_archived,
        {{ pick_column(present, relation.identifier, ['created_by', 'author'], 'null') }}::text as trail_author,
        {% if 'created_at' in present %}{{ as_timestamp(present, 'created_at') }}{% else %}null::timestamp{% endif %} as trail_created_at,
        {{ source_transaction(relation) }} as trail_transaction_id,
        {{ source_digest(present) }} as trail_digest
    from {{ relation }} as source_rows
    {%- if is_archived %}
    {#- A row that is in both was not moved yet. One that says something else is a row of its own, and two of one id are
        what the gate refuses. #}
    where not exists (
        select from {{ source('pggit', 'history') }} as kept_rows
        where
            kept_rows.{{ id }} = source_rows.{{ id }}
            and {{ source_digest(columns, 'kept_rows') }} = {{ source_digest(present, 'source_rows') }}
    )
    {%- endif %}
{% endmacro %}


{#- The low half of the id of the transaction that wrote the row; only a table has it. -#}
{% macro source_transaction(relation) %}
    {%- if not execute -%}{{ return('null::bigint') }}{%- endif -%}
    {%- set is_table = run_query("
        select count(*) = 1 as is_table
        from pg_class
        inner join pg_namespace on relnamespace = pg_namespace.oid
        where nspname = " ~ dbt.string_literal(relation.schema) ~ "
            and relname = " ~ dbt.string_literal(relation.identifier) ~ " and relkind in ('r', 'p')
    ").rows[0]['is_table'] -%}
    {{ return('xmin::text::bigint' if is_table else 'null::bigint') }}
{% endmacro %}


{#- SHA-256 over all columns of a row that are not null, by name. jsonb prints times alike in every session; all else
    goes in as text, so that a null within recorded facts is not the same as none. -#}
{% macro source_digest(columns, relation=none) -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    encode(sha256(convert_to(jsonb_strip_nulls(jsonb_build_object(
        {%- for column, type in columns.items() | sort %}
        {{ dbt.string_literal(column) }},
        {%- if type == 'timestamp with time zone' %} {{ of }}{{ adapter.quote(column) }} at time zone 'UTC'
        {%- elif type == 'timestamp without time zone' %} {{ of }}{{ adapter.quote(column) }}
        {%- else %} {{ of }}{{ adapter.quote(column) }}::text
        {%- endif %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    ))::text, 'UTF8')), 'hex')
{%- endmacro %}


{#- Whether a row tells of what a build of this project made. v1 wrote it in the transaction that the build noted: the
    id says so, and the time. Where a restored copy has lost the ids (one transaction wrote rows of many), the time to
    the microsecond and the role do. -#}
{% macro made_by_a_build(transaction_id, is_restored, created_at, author) -%}
    exists (
        select from {{ ref('own_transactions') }} as own_transactions
        where
            {{ is_a_builds('own_transactions.purpose') }}
            and own_transactions.began_at = {{ created_at }}
            and (
                own_transactions.transaction_id % 4294967296 = {{ transaction_id }}
                or ({{ is_restored }} and own_transactions.noted_by = {{ author }})
            )
    )
{%- endmacro %}
