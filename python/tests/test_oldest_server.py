"""PostgreSQL 14 is the oldest that is supported, and seldom at hand: what it does not have is not asked of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pggit_audit

PROJECT = Path(__file__).parents[2]
FOLDERS = (
    *(PROJECT / name for name in ("macros", "models", "functions", "tests")),
    Path(pggit_audit.__file__).parent,
    PROJECT / "python" / "src" / "dbt",
)

# Functions of pg_catalog in 18 that 14 does not have; not those that only operators, aggregates and pg_upgrade call.
_NAMES = """
    any_value array_reverse array_sample array_shuffle array_sort casefold crc32 crc32c date_add
    date_subtract erf erfc gamma has_largeobject_privilege has_parameter_privilege icu_unicode_version
    json_agg_strict json_object_agg_strict json_object_agg_unique jsonb_agg_strict jsonb_object_agg_strict
    jsonb_object_agg_unique jsonb_populate_record_valid lgamma pg_available_wal_summaries pg_backup_start
    pg_backup_stop pg_basetype pg_column_toast_chunk_id pg_database_collation_actual_version pg_get_acl
    pg_get_aios pg_get_loaded_modules pg_get_sequence_data pg_get_wait_events pg_ident_file_mappings
    pg_input_error_info pg_input_is_valid pg_log_standby_snapshot pg_numa_available pg_settings_get_flags
    pg_split_walfile_name pg_stat_force_next_flush pg_stat_get_backend_io pg_stat_get_backend_subxact
    pg_stat_get_io pg_stat_get_lastscan pg_stat_have_stats random_normal regexp_count regexp_instr
    regexp_like regexp_substr system_user to_bin to_oct to_regtypemod unicode_assigned unicode_version
    uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 xmltext
"""
NEWER = _NAMES.split()

# Behind a look at the server's version.
GUARDED = {("own_ddl.sql", "has_parameter_privilege")}


def calls() -> Iterator[tuple[str, str]]:
    """File and name of each call in SQL; a line for newer servers alone says so at its end."""
    called = re.compile(rf"(?<!\.)\b({'|'.join(NEWER)})\(")
    for folder in FOLDERS:
        for path in (p for ending in ("*.sql", "*.py") for p in folder.rglob(ending)):
            for line in path.read_text("utf-8").splitlines():
                if not re.search(r"-- since \d+$", line):
                    yield from ((path.name, name) for name in called.findall(line))


def test_no_sql_calls_what_the_oldest_server_does_not_have() -> None:
    assert set(calls()) == GUARDED


def test_what_stands_for_a_table_has_a_name() -> None:
    """Before 16 a query in FROM needs an alias; `published` gives one, where the table is not there yet."""
    without = re.compile(r"\b(?:from|join)\s+\{\{-?\s*published\([^}]*\}\}(?!\s+as\s)", re.IGNORECASE)
    found = [
        (path.name, use)
        for folder in FOLDERS[:4]
        for path in folder.rglob("*.sql")
        for use in without.findall(path.read_text("utf-8"))
    ]
    assert found == []
