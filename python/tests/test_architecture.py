"""The package can be read from the bottom up: no import points up, no module is long, and the lists are the folders."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pggit_audit

PACKAGE = Path(pggit_audit.__file__).parent
DOCUMENT = Path(__file__).parents[2] / "docs" / "ARCHITECTURE.md"
LONGEST = 500

# From the bottom up. A folder is one entry; what it shares with what is below it stands by itself.
LAYERS = (
    (
        "errors",
        "verdicts",
        "terminal",
        "lexing",
        "pages",
        "progress",
        "transactions",
        "expressions",
    ),
    ("waits",),
    ("sessions",),
    ("statements", "databases", "others_code"),
    ("code", "settings", "definitions", "programs", "evidence"),
    ("lab.recorded", "dated_catalog"),
    ("catalog",),
    ("history", "live", "cluster", "embedded", "sandbox", "trusted", "v1_schema"),
    ("moments", "filing"),
    ("rules", "grounds", "targets"),
    ("readers", "limits"),
    ("shadow", "dbt_runs"),
    ("replay", "rebuilding"),
    ("models",),
    ("lab", "night", "ledger"),
    ("compliance",),
    ("cli",),
)
PLACE = {name: place for place, layer in enumerate(LAYERS) for name in layer}


def layer_of(module: str) -> int | None:
    """The layer of a module by its name within the package; None for the package itself."""
    if not module:
        return None
    name = module if module in PLACE else module.split(".")[0]
    assert name in PLACE, f"Give {name} its place in LAYERS: above all that it imports."
    return PLACE[name]


def imports_of(path: Path) -> set[str]:
    """The package's modules that one of them imports, by their names within the package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {
                a.name.removeprefix("pggit_audit.") for a in node.names if a.name.startswith("pggit_audit.")
            }
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pggit_audit":
            within = (node.module or "").split(".")[1:]
            for alias in node.names:
                parts = [*within, alias.name]
                is_module = (PACKAGE.joinpath(*parts).with_suffix(".py")).exists() or PACKAGE.joinpath(
                    *parts
                ).is_dir()
                found.add(".".join(parts if is_module else within))
    return found


def test_no_import_of_the_package_points_up() -> None:
    up = []
    for path in sorted(PACKAGE.rglob("*.py")):
        here = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")
        for there in sorted(imports_of(path)):
            mine, other = layer_of(here), layer_of(there)
            same_folder = here.split(".")[0] == there.split(".")[0]
            if mine is not None and other is not None and other >= mine and not same_folder:
                up.append(f"{here} imports {there}")
    assert up == []


def test_no_module_is_long() -> None:
    modules = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "dbt").rglob("*.py")]
    lengths = {str(m.relative_to(PACKAGE.parent)): len(m.read_text("utf-8").splitlines()) for m in modules}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


# Where the document lists the modules of a folder.
LISTS = {
    "": "\n`python/src/pggit_audit`, one module for each thing it knows",
    "rules": "\n`rules/`, one module a kind of object",
    "replay": "\n`replay/`, from the top down",
    "night": "\n## The night",
}


def listed(folder: str = "replay") -> list[str]:
    """The modules and folders of a folder as the document lists them."""
    section = DOCUMENT.read_text("utf-8").split(LISTS[folder], 1)[1]
    table = section.split("|---|---|\n", 1)[1].split("\n\n", 1)[0]
    return [name for line in table.splitlines() for name in re.findall(r"`(\w+)/?`", line.split("|")[1])]


def imported(module: Path) -> set[str]:
    """The modules of `replay/` that one of them imports."""
    tree = ast.parse(module.read_text("utf-8"))
    names = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    assert not any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(tree))
    return {m[1] for name in names if (m := re.fullmatch(r"pggit_audit\.replay\.(\w+)", name))}


@pytest.mark.parametrize("folder", LISTS)
def test_the_list_is_the_folder(folder: str) -> None:
    names = listed(folder)
    assert len(names) == len(set(names))
    modules = {m.stem for m in (PACKAGE / folder).glob("*.py")} | {
        m.parent.name for m in (PACKAGE / folder).glob("*/__init__.py")
    }
    assert set(names) - {"__init__"} == modules - {"__init__"}


def test_no_import_points_up() -> None:
    names = listed()
    up = {
        (name, other)
        for name in names
        for other in imported(PACKAGE / "replay" / f"{name}.py")
        if names.index(other) <= names.index(name)
    }
    assert up == set()


def test_only_the_doors_import_the_replay() -> None:
    folders = ("rules/*.py", "*.py")
    importing = {
        m.stem for f in folders for m in PACKAGE.glob(f) if "from pggit_audit.replay" in m.read_text("utf-8")
    }
    assert importing == {"models"}


# What names are read out of a server's message with, whatever its language puts around them.
READS = {"rules.naming"}


def test_what_the_engine_publishes_is_ascii() -> None:
    """Its own words stand in tables: a database of another encoding than UTF-8 has few other characters."""
    others = []
    for path in [p for folder in ("rules", "replay") for p in sorted((PACKAGE / folder).rglob("*.py"))]:
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        texts = (n for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
        others += [
            f"{name}:{n.lineno}"
            for n in texts
            if not n.value.isascii() and id(n) not in docstrings and name not in READS
        ]
    assert others == []


def test_what_is_quoted_ends_in_one_place() -> None:
    """A pattern of a quoted part that may end at a doubled quote tries 2 to the power of their number of ways."""
    parts = re.compile(r"""(['"])\(\?:\[\^\1\]\|\1\1\)[*+]\1(?!\(\?!\1\))""")
    texts = {path.name: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    assert [f"{name}: {found[0]}" for name, text in texts.items() for found in parts.finditer(text)] == []


def test_queries_beside_the_history_take_no_operator_of_its() -> None:
    """What rules and the replay ask the shadow is read under the history's search_path, where it may have a `=`."""
    qualified = re.compile(r"--.*|'[^']*'|operator\(pg_catalog\.[^)]*\)|\(\*\)")
    found = []
    for path in (p for folder in ("rules", "replay") for p in (PACKAGE / folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if re.search(r"\b(?:from|join) pg_catalog\.", text):
                bare = re.findall(r"[=<>~|+*/!@#-]+|\b(?:i?like|between|in) ", qualified.sub("", text))
                found += [f"{path.name}:{node.lineno} {operator}" for operator in bare]
    assert found == []
