select * from {{ function('compliance_log_breaks') }}()
