"""dbt docs: nothing of the project is without a description, and the descriptions fit what was built."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from dbt.parser.schemas import is_valid_type
from project import DATABASE, PROJECT, Params, dbt

NAME = "pggit_audit"
Node = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(built: Params, artifacts: Path) -> dict[str, Any]:
    result = dbt(built | {"dbname": DATABASE}, artifacts, "parse")
    assert result.returncode == 0, result.stdout
    found: dict[str, Any] = json.loads((artifacts / "target" / "manifest.json").read_text(encoding="utf-8"))
    return found


def _own(nodes: dict[str, Node]) -> Iterator[Node]:
    return (node for node in nodes.values() if node.get("package_name") == NAME)


def test_resources_are_described(manifest: dict[str, Any]) -> None:
    resources = [
        *(node for node in _own(manifest["nodes"]) if node["resource_type"] not in ("test", "operation")),
        *_own(manifest["sources"]),
        *_own(manifest["functions"]),
        *_own(manifest["exposures"]),
        *_own(manifest["macros"]),
        *_own(manifest["unit_tests"]),
    ]
    assert resources
    assert [node["unique_id"] for node in resources if not node["description"].strip()] == []
    sources = {node["source_name"]: node["source_description"] for node in _own(manifest["sources"])}
    assert [name for name, description in sources.items() if not description.strip()] == []


def test_columns_are_described(manifest: dict[str, Any]) -> None:
    missing = []
    for node in [*_own(manifest["nodes"]), *_own(manifest["sources"])]:
        if node["resource_type"] in ("model", "seed", "source"):
            assert node["columns"], f"{node['unique_id']} describes no column"
            for column in node["columns"].values():
                if not column["description"].strip() or not column["data_type"]:
                    missing.append(f"{node['unique_id']}.{column['name']}")
    assert missing == []


def test_what_goes_into_the_database_is_ascii(manifest: dict[str, Any]) -> None:
    """A database of another encoding than UTF-8 has few other characters, and refuses a comment that has one."""
    texts = {}
    for node in [*_own(manifest["nodes"]), *_own(manifest["functions"])]:
        if node["resource_type"] in ("model", "seed", "function"):
            texts[node["unique_id"]] = node["description"] + node["raw_code"]
            texts |= {f"{node['unique_id']}.{c['name']}": c["description"] for c in node["columns"].values()}
    texts |= {node["unique_id"]: node["macro_sql"] for node in _own(manifest["macros"])}
    assert len(texts) > 500
    assert [name for name, text in texts.items() if not text.isascii()] == []


def test_functions_describe_arguments_and_result(manifest: dict[str, Any]) -> None:
    """Their pages in dbt docs show no arguments, so that a description begins with the call."""
    for node in _own(manifest["functions"]):
        assert (node["returns"]["description"] or "").strip(), node["unique_id"]
        arguments = []
        for argument in node["arguments"]:
            assert (argument["description"] or "").strip(), f"{node['unique_id']} {argument['name']}"
            default = argument.get("default_value")
            words = [
                argument["name"],
                argument["data_type"],
                f"default {default}" if default is not None else "",
            ]
            arguments.append(" ".join(words).strip())
        assert node["description"].startswith(f"`{node['name']}({', '.join(arguments)})` gives "), node[
            "unique_id"
        ]


def test_macros_describe_their_arguments(manifest: dict[str, Any]) -> None:
    wrong = []
    for node in _own(manifest["macros"]):
        head = re.search(
            r"\{%-?\s*(?:macro|test|materialization)\s+\w+\s*\(([^%]*)\)\s*-?%\}", node["macro_sql"]
        )
        written = (
            re.findall(r"(?:^|,)\s*(\w+)", re.sub(r"=\s*(\{[^}]*\}|[^,]*)", "", head[1])) if head else []
        )
        described = [argument["name"] for argument in node["arguments"] if argument["description"].strip()]
        if written != described:
            wrong.append(f"{node['unique_id']}: has {written}, describes {described}")
    assert wrong == []


def test_macros_say_types_that_dbt_knows(manifest: dict[str, Any]) -> None:
    """dbt 1.12 looks at them by itself, and warns."""
    wrong = [
        f"{node['unique_id']} {argument['name']}: {argument['type']}"
        for node in manifest["macros"].values()
        if node["package_name"] in (NAME, "dbt_pggit")
        for argument in node["arguments"]
        if argument["type"] and not is_valid_type(argument["type"])
    ]
    assert wrong == []


def test_sources_have_a_freshness_or_a_reason(manifest: dict[str, Any], built: Params) -> None:
    neither = []
    for node in _own(manifest["sources"]):
        fresh = node["freshness"] or {}
        has = bool((fresh.get("warn_after") or {}).get("count"))
        if has == bool(node["meta"].get("no_freshness")):
            neither.append(node["unique_id"])
    assert neither == []


def test_every_column_of_v1_is_described(manifest: dict[str, Any], built: Params) -> None:
    """As 0.2.1 installs it: whoever browses the sources finds no column without a word."""
    with psycopg.connect(**built) as connection:
        columns = connection.execute(
            "select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid"
            " where relnamespace = 'pggit'::regnamespace and attnum > 0 and not attisdropped"
            " and relname in ('history', 'objects', 'branches')"
        ).fetchall()
    described = {
        (node["identifier"], column) for node in _own(manifest["sources"]) for column in node["columns"]
    }
    assert set(columns) - described == set()


def test_tests_are_described(manifest: dict[str, Any]) -> None:
    """Each says what it guards and what to do if it fails, from one place for each kind of test."""
    texts: dict[str, set[str]] = {}
    for node in _own(manifest["nodes"]):
        if node["resource_type"] == "test":
            metadata = node.get("test_metadata") or {"name": node["name"]}
            texts.setdefault(metadata["name"], set()).add(node["description"].strip())
    assert len(texts) > 40
    assert [kind for kind, found in texts.items() if len(found) != 1] == []
    assert [kind for kind, found in texts.items() if "\n\nIf it fails: " not in next(iter(found))] == []
    # and none for a test that there is not
    blocks = {name.split(".")[-1] for name in manifest["docs"] if name.startswith(f"doc.{NAME}.test_")}
    assert blocks == {f"test_{kind}" for kind in texts}


def test_each_model_has_a_file_and_a_grain(manifest: dict[str, Any]) -> None:
    for node in _own(manifest["nodes"]):
        if node["resource_type"] == "model":
            assert node["patch_path"].endswith(f"/{node['name']}.yml"), node["unique_id"]
            assert "grain" in node["description"].lower(), node["unique_id"]


def test_the_overview_is_ours(manifest: dict[str, Any]) -> None:
    overview = manifest["docs"][f"doc.{NAME}.__overview__"]["block_contents"]
    described = {node["name"] for kind in ("nodes", "functions") for node in _own(manifest[kind])}
    columns = {name for node in _own(manifest["nodes"]) for name in node.get("columns", {})}
    named = set(re.findall(r"`([a-z_0-9]+)(?:\([^`]*\))?`", overview))
    fidelity = {
        "exact",
        "repaired",
        "static",
        "unknown",
        "v1",
        "v0",
        "inferred",
        "pggit_audit",
        "pggit_v0",
        "marts",
    }
    assert named - described - columns - fidelity == set(), "the overview names what there is not"
    links = re.findall(r"\[([^\]]+)\]\(#!/\w+/([^)?]+)(\?[^)]*)?\)", overview)
    assert len(links) > 20
    assert {target for _, target, _ in links} - {*manifest["nodes"], *manifest["functions"]} == set(), (
        "no such page"
    )
    misnamed = [(text, target) for text, target, graph in links if not graph and not _is_called(text, target)]
    assert misnamed == [], "a link leads elsewhere than it says"


def _is_called(text: str, target: str) -> bool:
    """Whether a text is a node's name, with or without arguments."""
    return text.split("(")[0] == target.split(".")[-1]


def test_columns_are_those_of_the_tables(manifest: dict[str, Any], built: Params) -> None:
    """As built: every column is described under its name and type, in its place, and no other is."""
    with psycopg.connect(**built) as connection:
        rows = connection.execute(
            "select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)"
            " from pg_attribute as a join pg_class as c on c.oid = a.attrelid"
            " join pg_namespace as n on n.oid = c.relnamespace"
            " where a.attnum > 0 and not a.attisdropped order by a.attnum"
        ).fetchall()
    tables: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, column, kind in rows:
        tables.setdefault((schema, table), []).append((column, kind))
    wrong = []
    for node in _own(manifest["nodes"]):
        if node["resource_type"] not in ("model", "seed") or node["config"]["materialized"] == "ephemeral":
            continue
        there = tables.get((node["schema"], node["alias"]))
        described = [(c["name"], _plain(c["data_type"])) for c in node["columns"].values()]
        if there != described:
            wrong.append(f"{node['unique_id']}:\n  built     {there}\n  described {described}")
    for node in _own(manifest["sources"]):
        there = tables.get((node["schema"], node["identifier"]))
        if there is not None:  # a source is described in either of its layouts
            found = dict(there)
            for column in node["columns"].values():
                if found.get(column["name"]) not in (_plain(column["data_type"]), None):
                    wrong.append(f"{node['unique_id']}.{column['name']} is {found.get(column['name'])}")
    assert wrong == [], "\n".join(wrong)


def _plain(data_type: str) -> str:
    return {"timestamp": "timestamp without time zone"}.get(data_type, data_type)


def test_every_yaml_file_is_read() -> None:
    """A file in a folder that dbt does not look into would describe nothing."""
    unread = [
        path.relative_to(PROJECT)
        for folder in ("models", "macros", "functions", "seeds", "tests/generic", "tests/singular")
        for path in Path(PROJECT / folder).rglob("*.yaml")
    ]
    assert unread == []


def test_yaml_is_written_alike() -> None:
    """`version: 2` first; of a column first its name, then its type, then what it is."""
    folders = ("models", "seeds", "functions", "macros", "tests")
    files = [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.yml"))]
    assert len(files) > 100
    assert [path.name for path in files if not path.read_text("utf-8").startswith("version: 2\n\n")] == []
    otherwise = []
    for path in files:
        document = yaml.safe_load(path.read_text("utf-8"))
        tables = [t for source in document.get("sources", ()) for t in source["tables"]]
        for resource in [*document.get("models", ()), *document.get("seeds", ()), *tables]:
            for column in resource["columns"]:
                if list(column)[:3] != ["name", "data_type", "description"]:
                    otherwise.append(f"{path.name}: {column['name']}")
    assert otherwise == []
