"""Health as a Prometheus text file, for the textfile collectors of node_exporter and windows_exporter.

Ten lines of a format that is frozen: prometheus_client would be a dependency for writing them (docs/decisions/health.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from logonbell.errors import Refused
from logonbell.health import KINDS, Health, ailments
from logonbell.sentence import say

Sample = tuple[dict[str, str], float]


def exposition(health: Health) -> str:
    """Write the metrics, in the text format 0.0.4."""
    return "".join(_written(*metric) for metric in _metrics(health) if metric[2])


def write(path: Path, health: Health) -> None:
    """Put the file in the place of the last, whole. Raises ``Refused`` where that cannot be done."""
    partial = path.with_name(f"{path.name}.tmp")  # a collector reads no other ending than .prom
    try:
        partial.unlink(missing_ok=True)
        with partial.open(
            "x", encoding="utf-8", newline="\n"
        ) as file:  # never through a link that somebody put there
            file.write(exposition(health))
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise Refused(
            say(
                "{path} cannot be written ({why}).",
                path=str(path),
                why=error.strerror or type(error).__name__,
            ),
            say("Mend prometheus under [health], or let logonbell's account write there."),
        ) from error


def _metrics(health: Health) -> Iterator[tuple[str, str, list[Sample]]]:
    ill = dict.fromkeys(KINDS, 0)
    for ailment in ailments(health):
        ill[ailment.kind] += 1
    yield (
        "logonbell_ailments",
        "Reasons why a logon might not ring, by kind.",
        [({"kind": kind}, count) for kind, count in ill.items()],
    )
    yield "logonbell_written_timestamp_seconds", "When this was written.", [({}, _seconds(health.time))]
    alive: list[Sample] = [] if health.alive is None else [({}, _seconds(health.alive))]
    yield "logonbell_alive_timestamp_seconds", "When the agent last noted that it watches.", alive
    yield (
        "logonbell_source_record",
        "The newest record that was read.",
        [({"source": one.name}, one.newest) for one in health.sources if one.newest is not None],
    )
    yield (
        "logonbell_source_moved_timestamp_seconds",
        "When the bookmark last moved.",
        [({"source": one.name}, _seconds(one.moved)) for one in health.sources],
    )
    yield (
        "logonbell_source_behind_seconds",
        "Age of the oldest record that matches and is not read.",
        [
            (
                {"source": one.name},
                0 if one.unread is None else max(0.0, (health.time - one.unread).total_seconds()),
            )
            for one in health.sources
        ],
    )
    yield (
        "logonbell_source_blind",
        "Whether a source cannot be followed.",
        [({"source": one.name}, int(one.blind is not None)) for one in health.sources],
    )
    for state in ("pending", "failing", "delivered", "buried"):
        yield (
            f"logonbell_alerts_{state}",
            f"Alerts that are {state}.",
            [({"notifier": one.name}, getattr(one, state)) for one in health.notifiers],
        )
    yield "logonbell_history_link", "The newest link of the history.", [({}, health.head.number)]


def _written(name: str, means: str, samples: list[Sample]) -> str:
    lines = [f"# HELP {name} {means}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{told}}} {value!r}" if told else f"{name} {value!r}")
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _seconds(time: datetime) -> float:
    return time.timestamp()
