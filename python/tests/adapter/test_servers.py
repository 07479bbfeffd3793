"""Which server a profile reaches, what it says when it cannot, and who may build there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt.tests.adapter.basic.test_base import BaseSimpleMaterializations
from dbt.tests.util import run_dbt
from dbt_common.exceptions import DbtRuntimeError
from helpers import create_database, execute, major_version
from test_python_models import COPIED, COPIED_COLUMNS, TEXTS, schema

from pggit_audit import embedded

MODELS = {"texts.sql": TEXTS, "copied.py": COPIED, "copied.yml": schema("copied", **COPIED_COLUMNS)}
VERSION = "select current_setting('server_version_num')::integer / 10000"


def profile(params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "pggit", "threads": 2, **params, **more}


class OnEmbedded18:
    @pytest.fixture(scope="class")
    def dbt_profile_target(self, server_18: embedded.Server) -> Iterator[dict[str, Any]]:
        database = create_database(server_18.params("postgres"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGGIT_EMBEDDED_DIR", str(server_18.home))
            patch.setenv("PGGIT_EMBEDDED_VERSION", "18")
            yield profile({"dbname": database, "user": embedded.USER})

    def test_it_is_that_version(self, project: Any) -> None:
        assert project.run_sql(VERSION, fetch="one")[0] == 18


class TestSimpleMaterializations18(OnEmbedded18, BaseSimpleMaterializations):
    pass


class TestPythonModels18(OnEmbedded18):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return MODELS

    def test_a_python_model(self, project: Any) -> None:
        assert len(run_dbt(["run"])) == 2


class OnNamedServer:
    @pytest.fixture(scope="class")
    def dbt_profile_target(self, named_server: dict[str, Any]) -> dict[str, Any]:
        return profile(named_server | {"dbname": create_database(named_server)})


class TestSimpleMaterializationsNamed(OnNamedServer, BaseSimpleMaterializations):
    pass


class TestPythonModelsNamed(OnNamedServer):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return MODELS

    def test_a_python_model(self, project: Any, named_server: dict[str, Any]) -> None:
        assert len(run_dbt(["run"])) == 2
        assert project.run_sql(VERSION, fetch="one")[0] == major_version(named_server)


MESSAGE = "select 1 as one"


def say(
    profiles: Path, tmp_path: Path, output: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run dbt as a user does, on a project of one model; returns what it said."""
    (tmp_path / "models").mkdir(exist_ok=True)
    (tmp_path / "models" / "one.sql").write_text(MESSAGE)
    (tmp_path / "dbt_project.yml").write_text(
        "name: little\nversion: 1.0.0\nprofile: pggit_audit\nflags: {send_anonymous_usage_stats: false}\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PGGIT_", "DBT_"))}
    command = [str(Path(sys.executable).with_name("dbt")), "run", "--target", output]
    return subprocess.run(
        [*command, "--profiles-dir", str(profiles), "--project-dir", str(tmp_path)],
        env=clean | environment,
        capture_output=True,
        text=True,
    )


ROOT = Path(__file__).parents[3]


def test_an_unreachable_server_is_one_clear_message(tmp_path: Path) -> None:
    environment = {
        "PGGIT_STAGING_HOST": "127.0.0.1",
        "PGGIT_STAGING_PORT": "1",
        "PGGIT_STAGING_USER": "postgres",
    }
    done = say(ROOT, tmp_path, "staging", environment)
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert "Traceback" not in said
    assert said.count("cannot be reached") == 1
    assert "Target staging cannot be reached: database 'bookshop' on 127.0.0.1:1 as 'postgres'." in said
    assert "Connection refused" in said
    assert "Nothing was changed. Check PGGIT_STAGING_HOST, _PORT, _USER, _PASSWORD and _DBNAME" in said


def test_production_has_no_default(tmp_path: Path) -> None:
    done = say(ROOT, tmp_path, "production", {})
    assert done.returncode != 0
    assert "PGGIT_PRODUCTION_HOST" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_missing_database_of_the_embedded_server(tmp_path: Path, server: embedded.Server) -> None:
    environment = {"PGGIT_EMBEDDED_DIR": str(server.home), "PGGIT_STAGING_DBNAME": "nothing"}
    done = say(ROOT, tmp_path, "staging", environment)
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert 'database "nothing" does not exist' in said
    assert "`pggit-audit load DIR --dbname NAME` makes a database" in said


class TestBuildLock:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {"one.sql": MESSAGE}

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        return {"on-run-start": ["{{ acquire_build_lock() }}"]}

    def test_a_second_build_says_who_holds_the_lock(self, project: Any, server: embedded.Server) -> None:
        params = server.params(project.database)
        with psycopg.connect(**params, application_name="pggit build of somebody", autocommit=True) as other:
            other.execute("select pg_advisory_lock(1885824873, 1)")
            pid = other.info.backend_pid
            for command in ("run", "build"):
                with pytest.raises(DbtRuntimeError) as refused:
                    run_dbt([command])
                said = " ".join(str(refused.value).split())
                assert f"Another build is running in database '{project.database}'" in said
                assert f"pggit build of somebody (server process {pid}, user 'postgres')" in said
                assert "Nothing was changed." in said
            assert project.run_sql("select to_regclass('{schema}.one') is null", fetch="one")[0]
            run_dbt(["compile"])
            run_dbt(["docs", "generate"])
            run_dbt(["test"])
        run_dbt(["build"])
        # a lock that is still held here would fail the third
        run_dbt(["run"])
        holders = "select count(*) from pg_locks where locktype = 'advisory' and classid = 1885824873"
        assert execute(params, holders) == [(0,)]
