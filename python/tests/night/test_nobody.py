"""The team's queries are asked by nobody: what they name may be anybody's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import PROJECT, copied

from pggit_audit.grounds import PREFIX
from pggit_audit.night.preflight.calls import CallTable, read_seed
from pggit_audit.night.rehearsal import dual_run, own_queries
from pggit_audit.night.rehearsal.known import read_known
from pggit_audit.night.rehearsal.nobody import nobody
from pggit_audit.night.v1 import Names

HERE = Path(__file__).parents[1] / "preflight"
HARM = Path("/tmp/pggit-was-here-at-night")
HOSTILE = """
create function public.quiet() returns integer language plpgsql as
    $$ begin copy (select 1) to program 'touch /tmp/pggit-was-here-at-night'; return 1; end $$;
create view public.innocent as select public.quiet() as n;
create view public.of_the_team as
    select h.version, h.created_by from pggit.get_history('public.books', 9) as h, public.innocent where n = 1;
create view public.honest as select h.version from pggit.get_history('public.books', 9) as h;
"""


def test_a_query_leads_nowhere(built: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    HARM.unlink(missing_ok=True)
    calls = read_seed(PROJECT)
    with copied(built) as params, psycopg.connect(**params, autocommit=True) as connection:
        connection.execute((HERE / "v1_functions.sql").read_bytes())
        connection.execute(HOSTILE.encode())
        own = own_queries.of_database(connection, CallTable(calls), ("view",))
        assert {one.place for one in own} >= {"view public.of_the_team", "view public.honest"}
        with nobody(params, connection) as asker:
            assert asker is not None
            found, left = dual_run.run(connection, Names(), calls, read_known(PROJECT), 3, own, asker=asker)
        roles = connection.execute("select rolname from pg_roles where starts_with(rolname, %s)", (PREFIX,))
        assert roles.fetchall() == []
    assert not HARM.exists()
    (hostile,) = (one for one in left if one.place == "view public.of_the_team")
    assert "permission denied" in hostile.reason or "COPY" in hostile.reason
    (honest,) = (one for one in found if one.call == "view public.honest")
    assert honest.ok
    assert honest.rows > 0
    assert [one.only_new for one in found if not one.ok] == []
