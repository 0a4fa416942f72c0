"""What Windows must record, keep and start: each reason why a logon might not ring is found, and has a remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fakes import NOON
from logonbell.doctor import windows as judge
from logonbell.doctor.verdict import Verdict
from logonbell.notifiers.check import Mark
from logonbell.places import Exposed
from logonbell.windows.audit_policy import NEEDS
from logonbell.windows.channels import Channel, Seen
from logonbell.windows.channels import Mark as Record
from logonbell.windows.scheduled_task import NOT_YET, RUNNING, LastRun
from logonbell.windows.sddl import OURS
from logonbell.windows.task_xml import Run, always
from windows_machine import MEMBERSHIP, OPEN, SHIPPED

HOUR = timedelta(hours=1)
SECURITY = Channel(
    "Security",
    Seen.READABLE,
    enabled=True,
    largest=20_000_000,
    size=10_000_000,
    oldest=Record(1, NOON - 24 * HOUR),
    last=Record(900, NOON),
    newest=Record(880, NOON - HOUR),
)
TASK = always(Run(r"C:\Program Files\logonbell\Scripts\python.exe", ["-m", "logonbell"], r"C:\x"))


def marks(verdicts: list[Verdict]) -> list[Mark]:
    """How they are; what is bad or wants care says what to do."""
    for verdict in verdicts:
        assert (verdict.remedy is not None) or verdict.mark in {Mark.GOOD, Mark.UNKNOWN}
    return [verdict.mark for verdict in verdicts]


@pytest.mark.parametrize(
    ("channel", "read", "mark"),
    [
        (SECURITY, 880, Mark.GOOD),
        (SECURITY, 879, Mark.BAD),
        (replace(SECURITY, newest=Record(890, NOON - timedelta(minutes=1))), 880, Mark.GOOD),
        (SECURITY, None, Mark.UNKNOWN),
        (replace(SECURITY, newest=None), None, Mark.GOOD),
        (replace(SECURITY, enabled=False), 880, Mark.BAD),
        (Channel("Security", Seen.ABSENT), None, Mark.BAD),
        (Channel("OpenSSH/Operational", Seen.ABSENT), None, Mark.GOOD),
        (Channel("Security", Seen.DENIED, "アクセスが拒否されました。"), None, Mark.BAD),
        (Channel("Security", Seen.FAILED, "1734"), None, Mark.BAD),
    ],
)
def test_channels(channel: Channel, read: int | None, mark: Mark) -> None:
    """A log that may not be read, is off, or is not read up to what counts in it for minutes, is found."""
    assert marks(list(judge.of_channel(channel, read, NOON))) == [mark]


@pytest.mark.parametrize(
    ("largest", "hours", "mark"),
    [(20_000_000, 48, Mark.GOOD), (10_000_000, 24, Mark.GOOD), (1_000_000, 24, Mark.GOOD)],
)
def test_a_log_that_reaches_far_enough(largest: int, hours: float, mark: Mark) -> None:
    """How far back a full log reaches is reckoned from what it holds now."""
    channel = replace(SECURITY, largest=largest)
    assert judge.reach(channel) == hours * HOUR
    assert judge.of_log_size(channel).mark is mark


@pytest.mark.parametrize(
    ("hours", "mark", "size"), [(0.5, Mark.BAD, 960_000_000), (6, Mark.CARE, 80_000_000)]
)
def test_a_log_that_is_too_small(hours: float, mark: Mark, size: int) -> None:
    """A busy host's log may hold less than a night; the remedy names the size that holds a day."""
    busy = replace(SECURITY, size=20_000_000, oldest=Record(1, NOON - hours * HOUR))
    verdict = judge.of_log_size(busy)
    assert marks([verdict]) == [mark]
    assert str(verdict.remedy) == f"Make it larger: wevtutil sl Security /ms:{size}"


@pytest.mark.parametrize(
    "channel",
    [
        replace(SECURITY, oldest=None),
        replace(SECURITY, last=None),
        replace(SECURITY, largest=None),
        replace(SECURITY, size=0),
        replace(SECURITY, last=SECURITY.oldest),
    ],
)
def test_a_log_of_which_too_little_is_known(channel: Channel) -> None:
    """Nothing is reckoned from what is not there."""
    assert judge.of_log_size(channel).mark is Mark.UNKNOWN


def test_audit_policy() -> None:
    """As Windows is shipped two subcategories are missing; what install switched on and is off again, a policy took back."""
    fresh = list(judge.of_audit(SHIPPED, frozenset()))
    assert marks(fresh).count(Mark.BAD) == 2
    taken_back = list(judge.of_audit(SHIPPED, frozenset({MEMBERSHIP})))
    (group,) = [one for one in taken_back if "Group Membership" in one.about]
    assert "group policy" in str(group.remedy)
    on = {need.guid: need.bits for need in NEEDS}
    assert set(marks(list(judge.of_audit(on, frozenset())))) == {Mark.GOOD}


def test_the_folder_and_the_program() -> None:
    """Whoever else may open the folder, or change the program, is found."""
    assert marks([judge.of_folder("x", one) for one in (OURS, OPEN, None)]) == [Mark.GOOD, Mark.BAD, Mark.BAD]
    assert marks(list(judge.of_program([]))) == [Mark.GOOD]
    (found,) = judge.of_program([Exposed(Path("x"), "Users")])
    assert (found.mark, "Users" in str(found.what)) == (Mark.BAD, True)


@pytest.mark.parametrize(
    ("registered", "last", "wanted"),
    [
        (TASK, LastRun("2026/03/03 9:00", RUNNING), [Mark.GOOD, Mark.GOOD]),
        (TASK, LastRun("2026/03/03 9:00", 0), [Mark.GOOD, Mark.GOOD]),
        (TASK, LastRun("2026/03/03 9:00", 0xC0000005), [Mark.GOOD, Mark.BAD]),
        (TASK, LastRun("", NOT_YET), [Mark.GOOD, Mark.BAD]),
        (TASK, None, [Mark.GOOD, Mark.BAD]),
        (TASK.replace("PT1M", "PT1H"), LastRun("", RUNNING), [Mark.BAD, Mark.GOOD]),
        ("<Task", LastRun("", RUNNING), [Mark.BAD]),
        (None, None, [Mark.BAD]),
    ],
)
def test_the_task(registered: str | None, last: LastRun | None, wanted: list[Mark]) -> None:
    """A task that is gone, was changed, never ran, or fails, is found."""
    assert marks(list(judge.of_task(registered, [TASK, TASK.replace("PT1M", "PT9M")], last))) == wanted


def test_rights() -> None:
    """Without an administrator's rights the look says that it sees less."""
    assert marks([judge.of_rights(elevated=True), judge.of_rights(elevated=False)]) == [Mark.GOOD, Mark.CARE]
