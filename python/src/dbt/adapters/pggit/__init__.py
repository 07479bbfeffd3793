"""dbt adapter `pggit`: dbt-postgres, plus local Python models, plus an embedded server."""

import gc

from dbt.adapters.base import AdapterPlugin
from dbt.adapters.pggit.connections import PggitCredentials
from dbt.adapters.pggit.impl import PggitAdapter
from dbt.include import pggit

# dbt's manifest lives as long as the process; Python's defaults would search it for garbage all the time.
gc.set_threshold(10_000, 10, 50)

Plugin = AdapterPlugin(
    adapter=PggitAdapter,  # type: ignore[arg-type]  # dbt-postgres has to do the same
    credentials=PggitCredentials,
    include_path=pggit.PACKAGE_PATH,
    dependencies=["postgres"],
)
