-- By SQL of the project's own: a function of the database could say anything.
{{ compliance_log_faults(ref('compliance_log')) }}
