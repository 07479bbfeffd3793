select
    entry_no,
    log_id,
    problem
from {{ function('compliance_log_breaks') }}()
