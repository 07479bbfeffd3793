"""Pages for people: one file each, without network, in one style."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, filters: dict[str, Callable[..., Any]], **values: Any) -> str:
    """Return a page.

    Args:
        template: its place in the package; it includes `pages/style.css`.
        filters: more than `number`, which writes 12345 as 12,345.
        values: what the template names; one that it names and does not get is an error.

    """
    environment = Environment(
        loader=PackageLoader("pggit_audit", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update({"number": lambda value: f"{value:,}", **filters})
    return environment.get_template(template).render(**values)


def written(path: Path, text: str) -> Path:
    """Write a file, whole or not at all; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
    return path
