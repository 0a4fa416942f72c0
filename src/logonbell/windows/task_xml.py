"""A scheduled task as Windows writes it: XML in the schema that [MS-TSCH] 2.5 gives."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from logonbell import __version__

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
SYSTEM = "S-1-5-18"
LONG_AGO = "2020-01-01T00:00:00"
"""From then on the clock triggers; the past, so at once."""
_DEFAULTS = frozenset(
    {
        ("Enabled", "true"),
        ("AllowStartOnDemand", "true"),
        ("AllowHardTerminate", "true"),
        ("MultipleInstancesPolicy", "IgnoreNew"),
        ("StopAtDurationEnd", "false"),
        ("RandomDelay", "PT0M"),
        ("RunOnlyIfIdle", "false"),
        ("RunOnlyIfNetworkAvailable", "false"),
        ("Hidden", "false"),
        ("WakeToRun", "false"),
        ("RestartOnIdle", "false"),
        ("DisallowStartOnRemoteAppSession", "false"),
        ("UseUnifiedSchedulingEngine", "false"),
    }
)
"""What means the same where it is left out (the schema's defaults): Windows may leave it out, or add it."""
_LOST = frozenset("?\ufffd")
"""What stands in the output of a command for a sign that its code page has not."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a task starts: the program, what it is told, and the folder it starts in."""

    program: str
    arguments: Sequence[str]
    folder: str


def always(run: Run) -> str:
    """Write the task that keeps an agent running: at every start of Windows, and again each minute for ever.

    While one runs, a further start is ignored. So an agent that died, of whatever, is back within a minute; Windows' own
    restart on failure has an end, and does not see a process that was killed.
    """
    return _task(run, "IgnoreNew", [_at_boot(), _each("PT1M")])


def on_event(run: Run, query: str) -> str:
    """Write the task that an event starts which ``query`` (a QueryList) selects, as the recipe's does.

    Starts queue up, so that none is lost during a run. What could not be delivered is tried again every five minutes.
    """
    return _task(run, "Queue", [_at_boot(), _each("PT5M"), _at_event(query)])


def differences(registered: str, written: str) -> list[str]:
    """Name the elements in which a registered task is another than was written; ValueError where it is no XML.

    Windows may add what means the same and note what it likes; but no trigger, no action, nobody else it runs as.
    """
    had, wanted = _elements(registered), _elements(written)
    more = [one for one in (had - wanted).elements() if not _is_default(one)]
    gone = []
    for one in (wanted - had).elements():
        printed = next((other for other in more if other[0] == one[0] and _alike(other[1], one[1])), None)
        if printed is not None:
            more.remove(printed)
        elif one[0][-1] != "URI" and (not _is_default(one) or any(other[0] == one[0] for other in more)):
            gone.append(one)  # of an URI, Windows makes its own
    added = [one for one in more if one[0][0] in {"Triggers", "Actions"}]
    return sorted({"/".join(path) for path, _ in gone + added})


_Element = tuple[tuple[str, ...], str]


def _task(run: Run, meanwhile: str, triggers: Sequence[ET.Element]) -> str:
    task = ET.Element("Task", version="1.2", xmlns=NAMESPACE)
    info = ET.SubElement(task, "RegistrationInfo")
    _add(info, Author="logonbell", Version=__version__, URI=r"\logonbell")
    _add(
        info,
        Description="Rings when someone logs on. Made, and taken down, by: logonbell install, uninstall.",
    )
    ET.SubElement(task, "Triggers").extend(triggers)
    principal = ET.SubElement(ET.SubElement(task, "Principals"), "Principal", id="Author")
    _add(principal, UserId=SYSTEM, RunLevel="HighestAvailable")
    settings = ET.SubElement(task, "Settings")
    _add(
        settings,
        MultipleInstancesPolicy=meanwhile,
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        AllowHardTerminate="true",
        StartWhenAvailable="true",
        RunOnlyIfNetworkAvailable="false",
    )
    _add(ET.SubElement(settings, "IdleSettings"), StopOnIdleEnd="false", RestartOnIdle="false")
    _add(
        settings,
        AllowStartOnDemand="true",
        Enabled="true",
        RunOnlyIfIdle="false",
        ExecutionTimeLimit="PT0S",  # none
        Priority="4",  # that of a program; 7, a task's own, is below it in CPU and disk
    )
    action = ET.SubElement(ET.SubElement(task, "Actions", Context="Author"), "Exec")
    _add(
        action,
        Command=run.program,
        Arguments=subprocess.list2cmdline(run.arguments),
        WorkingDirectory=run.folder,
    )
    ET.indent(task)
    return '<?xml version="1.0" encoding="UTF-16"?>\n' + ET.tostring(task, encoding="unicode")


def _at_boot() -> ET.Element:
    return _add(ET.Element("BootTrigger"), Enabled="true")


def _each(interval: str) -> ET.Element:
    """Repeat without end: that is what a repetition without a duration does."""
    trigger = _add(ET.Element("TimeTrigger"), Enabled="true", StartBoundary=LONG_AGO)
    _add(ET.SubElement(trigger, "Repetition"), Interval=interval, StopAtDurationEnd="false")
    return _add(trigger, RandomDelay="PT0M")


def _at_event(query: str) -> ET.Element:
    return _add(ET.Element("EventTrigger"), Enabled="true", Subscription=query)


def _add(parent: ET.Element, **texts: str) -> ET.Element:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = text
    return parent


def _elements(xml: str) -> Counter[_Element]:
    """List the elements with their texts, by the names on the way there."""
    try:
        # As text it is decoded already, whatever its first line says.
        root = ET.fromstring(xml.lstrip("\ufeff\r\n ").partition("?>")[2] or xml)  # noqa: S314 - Windows' own, no DTD
    except ET.ParseError as error:
        raise ValueError(str(error)) from error
    return Counter(_below(root, ()))


def _below(element: ET.Element, above: tuple[str, ...]) -> Iterator[_Element]:
    for child in element:
        path = (*above, child.tag.rpartition("}")[2])
        yield path, " ".join((child.text or "").split())
        yield from _below(child, path)


def _is_default(one: _Element) -> bool:
    path, text = one
    return (path[-1], text) in _DEFAULTS


def _alike(printed: str, written: str) -> bool:
    """Compare what a command printed, which may have lost signs, with what was written."""
    return len(printed) == len(written) and all(
        sign in _LOST or sign == meant for sign, meant in zip(printed, written, strict=True)
    )
