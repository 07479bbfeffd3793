-- depends_on: {{ ref('changes') }}
-- depends_on: {{ ref('excluded_history') }}
-- depends_on: {{ ref('compliance_log') }}
-- depends_on: {{ ref('own_transactions') }}
{{ config(group="schema_history") }}
{{ late_rows() }}
