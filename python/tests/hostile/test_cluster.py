"""A throw-away server has nothing of the build's, and does not outlive it for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pggit_audit import cluster, embedded, programs
from pggit_audit.shadow import open_shadow


def test_a_server_has_no_secret_of_the_builds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A superuser in it (the night restores a dump as one) may run programs, and these read its environment."""
    for name in ("PGGIT_STAGING_PASSWORD", "PGPASSWORD", "DBT_ENV_SECRET_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a secret")
    done = programs.run_as_server(["/usr/bin/env"], tmp_path, None, {"LOG": "x"})
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert found["PATH"] == os.environ["PATH"]
    assert found["LOG"] == "x"
    assert "a secret" not in found.values()
    assert set(found) <= {*programs._OF_A_SERVER, "LC_ALL", "TZ", "LOG", "PWD", "SHLVL", "_"}


def test_another_process_of_the_number_keeps_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(cluster, "_temporary", lambda: str(tmp_path))
    folders = [tmp_path / f"{cluster.PREFIX}{name}" for name in ("of-this-process", "of-another-one")]
    for folder in folders:
        folder.mkdir()
        (folder / "build.pid").write_text(str(os.getpid()))
    before = psutil.Process().create_time() - 86400
    os.utime(folders[1] / "build.pid", (before, before))
    cluster.sweep()
    assert [folder.exists() for folder in folders] == [True, False]


MAKES = """
import time
from pggit_audit import cluster
with cluster.throw_away_cluster(16, cluster.find(16)) as admin:
    print(admin["host"], flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_what_a_killed_build_left_is_gone_with_the_next_one(server: embedded.Server) -> None:
    """In whichever way that one goes."""
    maker = subprocess.Popen([sys.executable, "-c", MAKES], stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    data = Path(maker.stdout.readline().strip())
    postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
    maker.send_signal(signal.SIGKILL)
    maker.wait()
    assert psutil.pid_exists(postmaster)
    with open_shadow(server.params("postgres"), hidden=()):
        assert not data.exists()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(postmaster) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(postmaster)
