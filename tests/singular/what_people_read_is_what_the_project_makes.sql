{{ config(group="schema_history") }}
{%- set nodes = [
    'branch_tips', 'breaking_changes', 'causes', 'changes', 'column_history', 'compliance_anchors', 'compliance_log', 'compliance_summary',
    'current_objects', 'excluded_history', 'fidelity_summary', 'findings', 'go_no_go', 'history_profile',
    'history_row_checks',
    'int_changes', 'int_git__blobs', 'int_git__chain_ends', 'int_git__chains', 'int_git__commit_drafts',
    'int_git__commits', 'int_git__event_commits', 'int_git__objects', 'int_git__path_versions',
    'int_git__rebuilt_objects', 'int_git__sampled_commits',
    'int_git__tree_entries', 'int_git__trees', 'int_native__changes', 'int_native__commits',
    'int_preflight__checks', 'int_preflight__digests', 'int_preflight__uses', 'int_replay__base_objects', 'int_replay__bases', 'int_replay__branches', 'int_replay__events',
    'int_replay__executions', 'int_replay__hidden_schemas', 'int_replay__horizon', 'int_replay__live_objects', 'known_differences',
    'int_replay__catalog_rows', 'int_replay__late_rows', 'int_replay__pauses', 'int_replay__published_executions', 'int_replay__routines', 'int_replay__transactions', 'least_certain_changes', 'object_history', 'object_kinds', 'object_versions',
    'own_transaction_seals', 'own_transactions', 'pggit_v0__commit_graph', 'pggit_v0__head', 'pggit_v0__objects', 'pggit_v0__refs',
    'pggit_v0__tree_entries', 'preflight_findings', 'published_objects', 'published_tables', 'recent_changes', 'ref_moves', 'repairs', 'schema_blame',
    'stg_pggit__branches', 'stg_pggit__history', 'stg_pggit__pauses', 'stg_pggit_v0__blobs', 'stg_pggit_v0__commits',
    'stg_pggit_v0__head', 'stg_pggit_v0__objects', 'stg_pggit_v0__refs', 'stg_pggit_v0__tree_entries', 'unverified_changes', 'v1_calls', 'v1_uses',
    'verification_checks', 'verification_summary'
] -%}
{%- set functions = [
    'column_changes', 'commit_at', 'commit_of', 'compliance_log_breaks', 'diff_between', 'element_blame', 'extract_changes_between_commits',
    'line_changes', 'object_definition_at', 'schema_ddl', 'schema_ddl_at', 'table_elements', 'verify_cause', 'verify_change'
] -%}
{%- for node in nodes -%}{%- do ref(node) -%}{%- endfor -%}
{%- for name in functions -%}{%- do function(name) -%}{%- endfor -%}
{{ reading_faults(nodes) }}

union all

select * from (
    {{ guard_faults(_audit_unguarded()) }}
) as table_faults

union all

{{ seed_faults(_own_models() | selectattr('resource_type', 'equalto', 'seed') | list) }}

union all

{{ strangers() }}
