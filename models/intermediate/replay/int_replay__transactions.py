from pggit_audit.models import transactions


def model(dbt, session):
    hidden = dbt.ref("int_replay__hidden_schemas")
    return transactions(
        history=dbt.ref("stg_pggit__history"),
        session=session,
        evidence_file=dbt.config.get("evidence"),
        schemas=dbt.config.get("v1_schemas"),
        hidden_schemas=[row["schema_name"] for row in hidden],
    )
