from pggit_audit.night.preflight import preflight_checks


def model(dbt, session):
    return preflight_checks(
        session.connect(autocommit=True),
        dbt.ref("v1_calls"),
        dbt.config.get("schemas"),
        shadow=dbt.config.get("shadow"),
    )
