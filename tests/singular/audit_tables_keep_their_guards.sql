-- depends_on: {{ ref('changes') }}
-- depends_on: {{ ref('object_versions') }}
-- depends_on: {{ ref('compliance_log') }}


{{ guard_faults(_audit_guarded()) }}

union all

{{ keep_faults() }}

union all

{{ place_faults() }}

union all

{{ shared_faults() }}
