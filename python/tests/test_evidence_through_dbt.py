"""`--vars 'evidence: FILE'` through dbt: collected on the original, used where pg_restore has lost the ids."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import DATABASE, Params, dbt, new_database
from psycopg.rows import dict_row
from test_evidence import HIDDEN, recorded
from tracker import install, send

from pggit_audit import embedded, evidence

pytestmark = pytest.mark.slow

# Where the steps of the enum and of the renamed column lie, and what the ids were worth.
STEPS = """
    select r.rule, r.statement, r.not_before_version_id, r.not_after_version_id
    from pggit_audit.repairs as r where r.statement ~ 'happy|keeper' order by 1, 2
"""
FINDINGS = """
    select code, severity, object, message, what_to_do from pggit_audit.preflight_findings
    where code like '%evidence%' order by code
"""


def rows(params: Params, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(**params, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def restored(server: embedded.Server, source: Params, folder: Path) -> Params:
    """The database as pg_dump and pg_restore carry it elsewhere, under the name that dbt builds in."""
    dump = folder / "source.dump"
    target = new_database(source, DATABASE)
    for command in (
        [server.bin / "pg_dump", "--format=custom", f"--file={dump}", f"--dbname={source['dbname']}"],
        [server.bin / "pg_restore", "--exit-on-error", f"--dbname={DATABASE}", dump],
    ):
        where = [f"--host={source['host']}", f"--username={source['user']}"]
        subprocess.run([*command, *where], check=True, capture_output=True)
    return target


def build(params: Params, artifacts: Path, file: Path | None) -> list[dict[str, Any]]:
    """Builds, tests what was built, and returns what the findings say of the evidence."""
    variables = ("--vars", json.dumps({"evidence": str(file)})) if file else ()
    for command in ("build", "test"):
        done = dbt(params, artifacts, command, *variables)
        assert done.returncode == 0, done.stdout[-6000:]
    return rows(params, FINDINGS)


def test_a_restored_copy_knows_with_the_file_what_it_does_not_know_without(
    server: embedded.Server, artifacts: Path, tmp_path: Path
) -> None:
    source = new_database(server.params("postgres"), "evidence_source")
    with psycopg.connect(**source, autocommit=True) as connection:
        install(connection)
        connection.execute((resources.files("pggit_audit") / "sql" / "pggit_v0.sql").read_bytes())
        ids = recorded(connection)
        found, history = evidence.collect(connection, ("pggit",), HIDDEN)
        file = tmp_path / "evidence.jsonl.gz"
        evidence.write(file, found, {})
        other = tmp_path / "other.jsonl"
        shifted = {
            version: evidence.iso(row["created_at"] + timedelta(days=1))
            for version, row in ((int(row["version_id"]), row) for row in history)
        }
        evidence.write(
            other, evidence.Collected("x", found.history, found.catalog, found.next_xid, shifted), {}
        )
        # What comes behind the file has no ids in the copy.
        send(connection, ["create table leash (id int primary key)"], "statement")

    # Without: nothing is dated, and the finding says how to get what is missing.
    copy = restored(server, source, tmp_path)
    said = build(copy, artifacts, None)
    assert len(said) == 1, said
    missing = said[0]
    assert (missing["code"], missing["severity"]) == ("no_evidence", "warning")
    assert "pg_restore" in missing["message"]
    assert "pggit-audit evidence collect --out FILE" in missing["what_to_do"]
    index = ids["toy_pet_idx"][0]
    assert not any(s["not_before_version_id"] == index for s in rows(copy, STEPS))

    # Of another history: refused, said so, and nothing is placed by it.
    copy = restored(server, source, tmp_path)
    said = build(copy, artifacts, other)
    assert len(said) == 1, said
    refused = said[0]
    assert (refused["code"], refused["severity"]) == ("evidence_not_used", "warning")
    assert refused["object"] == "the file other.jsonl" and " here, and of " in refused["message"]
    assert not any(s["not_before_version_id"] == index for s in rows(copy, STEPS))
    dated = "select count(*) as dated from pggit_audit_work.int_replay__catalog_rows where is_dated"
    assert rows(copy, dated) == [{"dated": 0}]

    # With the file: the label and the rename lie between the rows that they lay between.
    copy = restored(server, source, tmp_path)
    said = build(copy, artifacts, file)
    assert {each["code"] for each in said} == {"evidence_in_part"}
    assert any(
        "of the history" in each["message"] and "behind the file" in each["what_to_do"] for each in said
    )
    steps = {(s["not_before_version_id"], s["not_after_version_id"]) for s in rows(copy, STEPS)}
    assert {(index - 1, index), (index, ids["toy"][1])} <= steps

    # What is no file of evidence ends the build before it changes anything, in words.
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{}\n", encoding="utf-8")
    done = dbt(copy, artifacts, "build", "--vars", json.dumps({"evidence": str(broken)}))
    assert done.returncode != 0 and "is no file of evidence" in done.stdout
    assert {(s["not_before_version_id"], s["not_after_version_id"]) for s in rows(copy, STEPS)} == steps
