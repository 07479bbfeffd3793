-- depends_on: {{ ref('own_transactions') }}
{{ late_rows() }}
