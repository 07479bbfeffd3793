"""dbt adapter `pggit`: dbt-postgres, plus local Python models, plus an embedded server."""

from dbt.adapters.base import AdapterPlugin
from dbt.adapters.pggit.connections import PggitCredentials
from dbt.adapters.pggit.impl import PggitAdapter
from dbt.include import pggit

Plugin = AdapterPlugin(
    adapter=PggitAdapter,  # type: ignore[arg-type]  # dbt-postgres has to do the same
    credentials=PggitCredentials,
    include_path=pggit.PACKAGE_PATH,
    dependencies=["postgres"],
)
