from pggit_audit.night.preflight import v1_uses


def model(dbt, session):
    return v1_uses(session.connect(autocommit=True), dbt.ref("v1_calls"), dbt.config.get("schemas"))
