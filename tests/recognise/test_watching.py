from __future__ import annotations

import pytest

from fakes import NOON
from logonbell.alert import Level
from logonbell.event import Event
from logonbell.logon import Notice, NoticeKind
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.watching import WATCHING, Told
from logonbell.rule import Rules


def told(kind: Told, **fields: str) -> Notice:
    """Recognise one event of the watching itself, on a host called BASTION."""
    given = {"Channel": "Security", "Code": "1722", "Since": NOON.isoformat(), "Record": "7", **fields}
    event = Event(WATCHING, kind, 1, NOON, "", "logonbell", given)
    (finding,) = Recogniser(own="BASTION").feed(event)
    assert isinstance(finding, Notice)
    return finding


@pytest.mark.parametrize(
    ("kind", "what", "level", "words"),
    [
        (Told.BLIND, NoticeKind.BLIND, Level.HIGH, "Security on BASTION cannot be followed since 2026-03-03"),
        (Told.SEEING, NoticeKind.SEEING, Level.LOW, "Security on BASTION is followed again"),
        (Told.GAP, NoticeKind.GAP, Level.HIGH, "(record 7): records may be missing"),
    ],
)
def test_what_happens_to_the_watching_rings(kind: Told, what: NoticeKind, level: Level, words: str) -> None:
    """Whoever stops or clears a log means to be unseen: that itself is told, of the host by its name."""
    notice = told(kind)
    verdict = Rules().judge(notice)
    assert (notice.kind, verdict.rings, verdict.level) == (what, True, level)
    assert words in str(notice.what)


@pytest.mark.parametrize("code", ["5", "15007", "259", "", "x", "9" * 400])
def test_whatever_windows_answered_there_is_a_reason(code: str) -> None:
    """An error without words of its own is told by its number."""
    assert str(told(Told.BLIND, Code=code).what)
