"""The team's own programs, called at the moments of the night.

An executable in the hooks' folder is named for its moment. The run's facts are in variables `PGGIT_CUTOVER_*`, what
it prints goes to `hooks.log` of the run. A non-zero exit, or no end in time, is a no at that decision point.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pggit_audit.errors import PggitError
from pggit_audit.programs import end_group

MOMENTS = {
    "stop-applications": "before v1 is frozen: nothing may write to it any more",
    "deploy": "after the switch: the code that reads pggit_v0 and pggit_audit goes live",
    "smoke-test": "after the deployment: exit 0 says that the new code works",
    "start-applications": "after the smoke test, and after a rollback",
    "undo-deploy": "in a rollback, where deploy had been called: the old code comes back",
    "notify": "at every turn; PGGIT_CUTOVER_MESSAGE says which",
}
"""The hooks' names, and when each is called."""

SHOWN = 5  # lines of a hook's output that a message quotes


@dataclass(frozen=True)
class Result:
    """What came of a hook.

    Attributes:
        status: its exit status; None where it did not end in time and was ended.
        seconds: how long it took.
        said: the last lines that it printed.

    """

    status: int | None
    seconds: float
    said: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    def why(self, name: str) -> str:
        """Say in a sentence how it ended."""
        if self.status is None:
            end = f"did not end within {self.seconds:.0f} s and was ended"
        elif self.status < 0:
            end = f"was killed by signal {-self.status}"
        else:
            end = f"ended with exit status {self.status}"
        return f"The hook {name} {end}." + (f" It said:\n{self.said}" if self.said else "")


@dataclass(frozen=True)
class Hooks:
    """The hooks of one folder.

    Attributes:
        folder: None where there are none.
        seconds: how long one may take.
        facts: for `PGGIT_CUTOVER_*`, by the rest of the name.
        only: the moments that are called; all by default.

    """

    folder: Path | None
    seconds: float
    facts: Mapping[str, str]
    only: Sequence[str] = tuple(MOMENTS)

    def check(self) -> None:
        """See before the night begins that each hook can be called.

        Raises:
            PggitError: there is no such folder, or a hook in it is not executable.

        """
        if self.folder is None:
            return
        if not self.folder.is_dir():
            raise PggitError(f"There is no folder {self.folder} with hooks. Nothing was changed.")
        for name in MOMENTS:
            path = self.folder / name
            if path.exists() and not os.access(path, os.X_OK):
                raise PggitError(
                    f"The hook {path} is not executable. Nothing was changed. Make it so (chmod +x {path}), or "
                    "take it away."
                )

    def present(self) -> list[str]:
        """Return the names of the hooks that are there."""
        return [name for name in self.only if self.folder is not None and (self.folder / name).is_file()]

    def strangers(self) -> list[str]:
        """Return the files that are no hook by their name, often one that is misspelled."""
        if self.folder is None or not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if p.is_file() and p.name not in MOMENTS)

    def call(
        self,
        name: str,
        log: Path,
        on_start: Callable[[subprocess.Popen[str]], None] | None = None,
        **facts: str,
    ) -> Result:
        """Call a hook and wait for its end.

        Args:
            name: one of `MOMENTS`, that is present.
            log: the file that its output is added to.
            on_start: called with the process.
            facts: more of them.

        """
        assert self.folder is not None
        begun = time.monotonic()
        environment = dict(os.environ)
        for key, value in {**self.facts, "hook": name, **facts}.items():
            environment[f"PGGIT_CUTOVER_{key.upper()}"] = value
        with _opened(log, f"--- {name} {time.strftime('%H:%M:%S')}\n") as output:
            start = output.tell()
            try:
                process = subprocess.Popen(
                    [str((self.folder / name).resolve())], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                    stderr=subprocess.STDOUT, text=True, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                return Result(127, 0, f"it could not be started: {error}")
            if on_start is not None:
                on_start(process)
            status: int | None
            try:
                status = process.wait(self.seconds)
            except subprocess.TimeoutExpired:
                status = None
                end_group(process.pid)
                process.wait()
            except BaseException:
                end_group(process.pid)
                process.wait()
                raise
        lines = []
        with suppress(OSError), log.open("rb") as written:
            written.seek(start)
            lines = written.read().decode(errors="replace").strip().splitlines()
        return Result(status, time.monotonic() - begun, "\n".join(lines[-SHOWN:]))


def _opened(log: Path, heading: str) -> IO[str]:
    """The log, with its next heading; where it cannot be written, nothing: a hook is called on a full disk as well."""
    try:
        with log.open("ab", buffering=0) as begun:
            begun.write(heading.encode())
        return log.open("a", encoding="utf-8")
    except OSError:
        return Path(os.devnull).open("a", encoding="utf-8")
