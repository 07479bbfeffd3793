{{ compliance_log_faults(ref('compliance_log').include(database=false)) }}
order by e.entry_no
