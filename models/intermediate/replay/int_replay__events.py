from pggit_audit.models import replay_events


def model(dbt, session):
    return replay_events(
        executions=dbt.ref("int_replay__executions"),
        branches=dbt.ref("int_replay__branches"),
        bases=dbt.ref("int_replay__bases"),
        base_objects=dbt.ref("int_replay__base_objects"),
        routines=dbt.ref("int_replay__routines"),
        live_objects=dbt.ref("int_replay__live_objects"),
        session=session,
        shadow=dbt.config.get("shadow"),
        hidden_schemas=dbt.config.get("hidden_schemas"),
        statement_timeout_seconds=dbt.config.get("statement_timeout_seconds"),
    )
