from pggit_audit.models import live_objects


def model(dbt, session):
    hidden = dbt.ref("int_replay__hidden_schemas")
    return live_objects(
        session.connect(autocommit=True), hidden_schemas=[row["schema_name"] for row in hidden]
    )
