from pggit_audit.models import rebuilt_objects


def model(dbt, session):
    hidden = dbt.ref("int_replay__hidden_schemas")
    return rebuilt_objects(
        commits=dbt.ref("int_git__sampled_commits"),
        session=session,
        shadow=dbt.config.get("shadow"),
        hidden_schemas=[row["schema_name"] for row in hidden],
        statement_timeout_seconds=dbt.config.get("statement_timeout_seconds"),
    )
