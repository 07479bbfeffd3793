"""The adapter."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

from dbt.adapters.base import PythonJobHelper, available
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.pggit.connections import PggitConnectionManager, Refused
from dbt.adapters.pggit.python_models import LocalPythonJob
from dbt.adapters.postgres import PostgresAdapter

from pggit_audit.terminal import shown


class PggitAdapter(PostgresAdapter):
    """dbt-postgres plus local Python models, the embedded server and a build lock."""

    ConnectionManager = PggitConnectionManager
    connections: PggitConnectionManager

    def __init__(self, config: Any, mp_context: Any) -> None:
        super().__init__(config, mp_context)
        self._found_once: dict[str, Any] = {}
        self._looked_at: set[tuple[str, str]] = set()

    @property
    def python_submission_helpers(self) -> dict[str, type[PythonJobHelper]]:
        return {"local": LocalPythonJob}

    @property
    def default_python_submission_method(self) -> str:
        return "local"

    def generate_python_submission_response(self, submission_result: int) -> AdapterResponse:
        return AdapterResponse(
            _message=f"COPY {submission_result}", code="COPY", rows_affected=submission_result
        )

    @available.parse_none
    def acquire_build_lock(self, table: str | None = None) -> None:
        """Fail at once if another build runs in this database; hold the lock until the command ends."""
        self.connections.acquire_build_lock(table)

    @available.parse_none
    def ensure_transaction(self) -> None:
        """See to it that what follows, up to the next commit, is one transaction."""
        self.connections.ensure_transaction()

    @available.parse_none
    def run_once(self, sql: str) -> Any:
        """Run a query at the first call, and return what it found then at each later one of this command.

        For what no command changes: the layout of the sources, and what the role may do.

        Returns:
            An agate table, as run_query does.

        """
        if sql not in self._found_once:
            self._found_once[sql] = self.execute(sql, fetch=True)[1]
        return self._found_once[sql]

    @available.parse_none
    def as_set(self, setting: str) -> str:
        """Return the value that server, database and role give a setting that the build's sessions pin."""
        return self.connections.credentials.as_set(setting)

    @available.parse_none
    def refuse_pooled_connections(self) -> None:
        """Fail at once if a pooler gives each transaction another session."""
        self.connections.refuse_pooled_connections()

    @available.parse_none
    def check_shadow(self, apart: bool = False) -> None:
        """Fail at once if there is nobody who could run the history again without being able to do harm."""
        self.connections.check_shadow(apart)

    @available.parse_none
    def refuse_others_code(self, tables: list[list[str]]) -> None:
        """Fail at once if reading one of these (schema, name) runs code of somebody else's.

        Each is looked at once in a command.
        """
        new = [(schema, name) for schema, name in tables if (schema, name) not in self._looked_at]
        if new:
            self.connections.refuse_others_code(new)
            self._looked_at.update(new)

    @available.parse_none
    def live_blobs(self, hidden_schemas: list[str]) -> str:
        """Read the live catalog now.

        Returns:
            A JSON list of `path` and `object_sha`, as the tree of a commit would have them.

        """
        from pggit_audit.models import live_objects  # the replay with it, which no other command needs

        with self.connections.connect_anew() as connection:
            blobs = [
                {"path": found["object_identity"], "object_sha": _blob_sha(found["definition"])}
                for found in live_objects(connection, hidden_schemas)
            ]
        return json.dumps(blobs, ensure_ascii=False)

    @available.parse_none
    def seed_rows(self, seed: dict[str, Any]) -> str:
        """Read the file of a seed.

        Args:
            seed: its node of the graph.

        Returns:
            A JSON list of its rows by column, with nulls where dbt reads one.

        """
        path = Path(seed["root_path"]) / seed["original_file_path"]
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                {name: None if value in ("", "null") else value for name, value in row.items()}
                for row in csv.DictReader(file)
            ]
        return json.dumps(rows)

    @available
    def shown(self, text: str) -> str:
        """Return a text of anybody's as it may stand on a terminal."""
        return shown(text)

    @available.parse_none
    def refuse(self, message: str) -> None:
        """End the command with a message that says what to do."""
        raise Refused(message)

    def debug_query(self) -> Any:
        return self.execute("select 1 as id")


def _blob_sha(definition: str) -> str:
    """Return the SHA of a blob as pggit_v0 counts it: the length in characters, the bytes in UTF-8."""
    return hashlib.sha256(f"blob {len(definition)}:{definition}".encode()).hexdigest()
