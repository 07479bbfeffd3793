{{ replay_executions(is_published=false) }}
