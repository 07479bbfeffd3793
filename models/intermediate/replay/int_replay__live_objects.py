from pggit_audit.models import live_objects


def model(dbt, session):
    return live_objects(session.connect(autocommit=True), hidden_schemas=dbt.config.get("hidden_schemas"))
