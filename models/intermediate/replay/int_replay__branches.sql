{{ replay_branches() }}
