"""The monitor's figures in Prometheus's text format."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from pggit_audit.errors import PggitError
from pggit_audit.night.health import Health


def write(health: Health, database: str, file: Path) -> None:
    """Write the figures of one look; a reader sees the old file or the new one, never a half.

    Raises:
        PggitError: the file cannot be written.

    """
    registry = CollectorRegistry()
    healthy = Gauge(
        "pggit_audit_healthy", "1 where every check is as it must be", ["database"], registry=registry
    )
    healthy.labels(database).set(health.healthy)
    when = Gauge(
        "pggit_audit_looked_at_seconds", "When it was looked, Unix time", ["database"], registry=registry
    )
    when.labels(database).set_to_current_time()
    took = Gauge("pggit_audit_look_seconds", "How long the look took", ["database"], registry=registry)
    took.labels(database).set(health.seconds)
    check_ok = Gauge(
        "pggit_audit_check_ok",
        "1 where a check is as it must be",
        ["database", "check", "severity"],
        registry=registry,
    )
    figure = Gauge(
        "pggit_audit_figure",
        "What a check counted or timed",
        ["database", "check", "figure"],
        registry=registry,
    )
    for check in health.checks:
        check_ok.labels(database, check.name, check.severity).set(check.ok)
        for name, value in check.figures.items():
            figure.labels(database, check.name, name).set(value)
    try:
        write_to_textfile(str(file), registry)
    except OSError as error:
        raise PggitError(f"The figures could not be written to {file}: {error}.") from error
