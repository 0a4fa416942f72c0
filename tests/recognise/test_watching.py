from __future__ import annotations

from dataclasses import replace

import pytest

from fakes import NOON
from logonbell.alert import Level
from logonbell.event import Event
from logonbell.logon import Notice, NoticeKind
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.watching import WATCHING, Told
from logonbell.rule import Rules
from recognising import taken
from scenes import HOME, NINE, a_host, after, mori


def an_event(kind: Told, **fields: str) -> Event:
    """Give one event of the watching itself."""
    return Event(WATCHING, kind, 1, NOON, "", "logonbell", fields)


def told(kind: Told, **fields: str) -> Notice:
    """Recognise one event of the watching itself, on a host called BASTION."""
    given = {"Channel": "Security", "Code": "1722", "Since": NINE.isoformat(), "Record": "7", **fields}
    (finding,) = Recogniser(own="BASTION").feed(an_event(kind, **given))
    assert isinstance(finding, Notice)
    return finding


@pytest.mark.parametrize(
    ("kind", "what", "level", "words"),
    [
        (
            Told.BLIND,
            NoticeKind.BLIND,
            Level.HIGH,
            (
                "Security on BASTION cannot be followed since 2026-05-04 09:00:00 UTC: "
                "the service Windows Event Log does not answer"
            ),
        ),
        (
            Told.SEEING,
            NoticeKind.SEEING,
            Level.LOW,
            "Security on BASTION is followed again; it could not be from 2026-05-04 09:00:00 to 2026-03-03 12:00:00 UTC",
        ),
        (
            Told.GAP,
            NoticeKind.GAP,
            Level.HIGH,
            "Security on BASTION does not go on where it was read up to (record 7): records may be missing",
        ),
        (
            Told.UNTOLD,
            NoticeKind.GAP,
            Level.HIGH,
            (
                "mori came to BASTION from 203.0.113.24 at 2026-05-04 09:00:00 UTC, as Security tells; "
                "the log that is followed says nothing of it"
            ),
        ),
    ],
)
def test_what_happens_to_the_watching_rings(kind: Told, what: NoticeKind, level: Level, words: str) -> None:
    """Whoever stops or clears a log means to be unseen: that itself is told, of the host by its name."""
    notice = told(kind, User="mori", Address=HOME)
    verdict = Rules().judge(notice)
    assert (notice.kind, verdict.rings, verdict.level) == (what, True, level)
    assert str(notice.what) == words


@pytest.mark.parametrize("kind", Told)
def test_what_the_watching_lacks_is_left_out(kind: Told) -> None:
    """A field that is missing is told as one that is empty; nothing is made up in its place."""
    names = ("Channel", "Code", "Since", "Record", "User", "Address")
    (missing,) = Recogniser(own="BASTION").feed(an_event(kind))
    assert [missing] == Recogniser(own="BASTION").feed(an_event(kind, **dict.fromkeys(names, "")))
    assert taken([an_event(kind)]) == ["logonbell tells of its own watching"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("5", "access is denied"),
        ("15007", "there is no such channel"),
        ("20001", "journalctl is not on this machine"),
        ("259", "Windows answers with error 259"),
        ("99999999999", "Windows answers with error 99999999999"),
        ("999999999999", "Windows answers with error 0"),
        ("9" * 400, "Windows answers with error 0"),
        ("x", "Windows answers with error 0"),
        ("", "Windows answers with error 0"),
    ],
)
def test_whatever_windows_answered_there_is_a_reason(code: str, why: str) -> None:
    """An error without words of its own is told by its number; what is no number is none."""
    assert str(told(Told.BLIND, Code=code).what).endswith(f" UTC: {why}")


def test_whether_somebody_is_still_on_is_not_sure_behind_a_gap() -> None:
    """The record that told of his leaving may be among those that are lost."""
    host = a_host()
    recogniser = Recogniser()
    for event in host.rdp_logon(NINE, mori(host), HOME):
        recogniser.feed(event)
    recogniser.advance(after(60))
    assert [session.sure for session in recogniser.present()] == [True]
    recogniser.feed(replace(an_event(Told.GAP, Channel="Security", Record="7"), time=after(90)))
    assert [session.sure for session in recogniser.present()] == [False]
