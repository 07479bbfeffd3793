"""The adapter."""

from __future__ import annotations

from typing import Any

from dbt.adapters.base import PythonJobHelper, available
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.pggit.connections import PggitConnectionManager, Refused
from dbt.adapters.pggit.python_models import LocalPythonJob
from dbt.adapters.postgres import PostgresAdapter


class PggitAdapter(PostgresAdapter):
    """dbt-postgres plus local Python models, the embedded server and a build lock."""

    ConnectionManager = PggitConnectionManager
    connections: PggitConnectionManager

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
    def acquire_build_lock(self) -> None:
        """Fail at once if another build runs in this database; hold the lock until the command ends."""
        self.connections.acquire_build_lock()

    @available.parse_none
    def check_shadow(self) -> None:
        """Fail at once if there is nobody who could run the history again without being able to do harm."""
        self.connections.check_shadow()

    @available.parse_none
    def refuse(self, message: str) -> None:
        """End the command with a message that says what to do."""
        raise Refused(message)

    def debug_query(self) -> Any:
        return self.execute("select 1 as id")
