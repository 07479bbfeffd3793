{{ replay_executions(is_published=true) }}
