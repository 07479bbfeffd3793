from pggit_audit.models import replay_events


def model(dbt, session):
    hidden = dbt.ref("int_replay__hidden_schemas")
    return replay_events(
        executions=dbt.ref("int_replay__executions"),
        published_executions=dbt.ref("int_replay__published_executions"),
        branches=dbt.ref("int_replay__branches"),
        bases=dbt.ref("int_replay__bases"),
        base_objects=dbt.ref("int_replay__base_objects"),
        routines=dbt.ref("int_replay__routines"),
        live_objects=dbt.ref("int_replay__live_objects"),
        pauses=dbt.ref("int_replay__pauses"),
        catalog_rows=dbt.ref("int_replay__catalog_rows"),
        session=session,
        shadow=dbt.config.get("shadow"),
        v1_schemas=dbt.config.get("v1_schemas"),
        hidden_schemas=[row["schema_name"] for row in hidden],
        statement_timeout_seconds=dbt.config.get("statement_timeout_seconds"),
        slow_statements_minutes=dbt.config.get("slow_statements_minutes"),
    )
