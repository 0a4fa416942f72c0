"""The scheduled task: registered, looked at and taken away through schtasks."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

from logonbell.programs import Commands, demand

NAME = r"\logonbell"
RUNNING = 0x41301
NOT_YET = 0x41303
"""SCHED_S_TASK_RUNNING, SCHED_S_TASK_HAS_NOT_RUN (Microsoft, "Task Scheduler Error and Success Constants")."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """When it last ran, in the words and the zone of the machine, and with what it ended: a code, or ``RUNNING``."""

    when: str
    result: int


def registered(run: Commands, name: str = NAME) -> str | None:
    """Give the XML of the task; None where there is none, or none that this user may see."""
    answer = run("schtasks", "/Query", "/TN", name, "/XML")
    return answer.out if answer.code == 0 else None


def register(run: Commands, xml: str, within: Path, name: str = NAME) -> None:
    """Register it, in the place of one of the same name. Raises ``Refused``.

    The file for it lies ``within`` a folder that nobody else may write to: else it could be changed on its way.
    """
    with tempfile.TemporaryDirectory(dir=within) as folder:
        path = Path(folder, "task.xml")
        path.write_text(xml, encoding="utf-16")
        demand(run("schtasks", "/Create", "/TN", name, "/XML", str(path), "/F"), "schtasks")


def start(run: Commands, name: str = NAME) -> None:
    """Start it now; one that runs is ended before. Raises ``Refused``."""
    stop(run, name)
    demand(run("schtasks", "/Run", "/TN", name), "schtasks")


def stop(run: Commands, name: str = NAME) -> None:
    """End what it runs, if it runs."""
    run("schtasks", "/End", "/TN", name)


def remove(run: Commands, name: str = NAME) -> None:
    """Take it away; what it runs is ended before. Raises ``Refused``."""
    stop(run, name)
    demand(run("schtasks", "/Delete", "/TN", name, "/F"), "schtasks")


def last_run(run: Commands, name: str = NAME) -> LastRun | None:
    """Say how its last run went; None where there is no such task.

    The columns are counted: their titles, the dates and the status are in the language of the machine.
    """
    answer = run("schtasks", "/Query", "/TN", name, "/V", "/FO", "CSV", "/NH")
    if answer.code != 0:
        return None
    for row in csv.reader(answer.out.splitlines()):
        # HostName, TaskName, Next Run Time, Status, Logon Mode, Last Run Time, Last Result, ...
        if len(row) > 6 and row[6].strip().lstrip("-").isdecimal():
            return LastRun(row[5].strip(), int(row[6]) & 0xFFFF_FFFF)
    return None
