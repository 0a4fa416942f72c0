from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from datetime import datetime

import pytest

from findings import BURST, CLEARED, DOMAIN_ADMIN, HOST, HOSTILE_NAMES, SENT, TOKYO, hostile, logon, notify
from logonbell.logon import Door, User
from logonbell.notifier import Notifier, Undelivered
from logonbell.notifiers.console import Console
from logonbell.text.facts import Reader
from logonbell.text.language import LANGUAGES
from logonbell.text.message import body
from logonbell.text.terminal import Terminal


class Screen(io.StringIO):
    """A stream somebody looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


class FullDisk(io.StringIO):
    """A stream that takes text and cannot hand it over."""

    def flush(self) -> None:
        """No space left."""
        raise OSError(28, "No space left on device")


def console(terminal: Terminal, language: str = "en") -> Console:
    """A console whose clock stands still."""
    return Console(terminal, Reader(language, TOKYO, HOST), now)


def now() -> datetime:
    """When the tests send."""
    return SENT


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_gets_the_full_text_and_nothing_else(language: str) -> None:
    """Redirected, each alert is its body and an empty line: no colour, no bell."""
    stream = io.StringIO()
    notifier: Notifier = console(Terminal(stream, {}), language)
    notifications = [notify(DOMAIN_ADMIN), notify(CLEARED)]
    assert notifier.deliver(notifications) == ["console", "console"]
    bodies = [body(one, language=language, zone=TOKYO, host_name=HOST, sent=SENT) for one in notifications]
    assert stream.getvalue() == "".join(text + "\n" for text in bodies)


def test_a_person_gets_the_same_text_with_a_coloured_first_line() -> None:
    """At a terminal only the first line is coloured, and without its colours the text is the same."""
    stream = Screen()
    console(Terminal(stream, {"TERM": "xterm"})).deliver([notify(DOMAIN_ADMIN)])
    first, rest = stream.getvalue().split("\n", 1)
    assert first.startswith("\x1b[")
    assert "\x1b" not in rest
    plain = io.StringIO()
    console(Terminal(plain, {})).deliver([notify(DOMAIN_ADMIN)])
    assert re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()) == plain.getvalue()


def test_no_colour_where_nobody_wants_it() -> None:
    """NO_COLOR gives plain text at a terminal too."""
    stream = Screen()
    console(Terminal(stream, {"NO_COLOR": "1"})).deliver([notify(DOMAIN_ADMIN)])
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_rings_no_bell_and_paints_nothing(name: str) -> None:
    """No escape sequence of a log reaches the terminal: all there are come from the first line's colour."""
    for finding in hostile(name):
        stream = Screen()
        console(Terminal(stream, {"TERM": "xterm"})).deliver([notify(finding, host_id=name)])
        ours = re.sub(r"^\x1b\[[0-9;]*m(.*)\x1b\[0m$", r"\1", stream.getvalue(), count=1, flags=re.MULTILINE)
        assert all(line.isprintable() for line in ours.split("\n"))


@pytest.mark.parametrize(
    ("encoding", "language", "first"),
    [
        ("cp932", "ja", "RDP ログオン: CONTOSO\\田中Zo\\u{eb} → BASTION01 (接続元 203.0.113.5)"),
        ("cp1252", "en", r"RDP logon: CONTOSO\\\u{7530}\u{4e2d}Zoë on BASTION01 from 203.0.113.5"),
        ("cp1252", "ja", r"RDP logon: CONTOSO\\\u{7530}\u{4e2d}Zoë on BASTION01 from 203.0.113.5"),
        ("ascii", "ja", r"RDP logon: CONTOSO\\\u{7530}\u{4e2d}Zo\u{eb} on BASTION01 from 203.0.113.5"),
    ],
)
def test_a_console_of_any_encoding_gets_the_alert(encoding: str, language: str, first: str) -> None:
    """A letter that the console cannot hold is shown as an escape; where it has no Japanese it gets English."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    finding = replace(logon(Door.RDP), user=User("田中Zoë", "CONTOSO"))
    assert console(Terminal(stream, {}), language).deliver([notify(finding)]) == ["console"]
    assert raw.getvalue().decode(encoding).splitlines()[0] == first


def test_a_closed_pipe_is_told_and_may_be_tried_again() -> None:
    """When nobody reads any more, nothing is counted as delivered, and the alerts stay for the next run."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", encoding="utf-8")
    answers = console(Terminal(stream, {})).deliver([notify(BURST), notify(CLEARED)])
    assert len(answers) == 2
    for answer in answers:
        assert isinstance(answer, Undelivered)
        assert not answer.permanent
        assert str(answer.why) == "The console cannot be written to: [Errno 32] Broken pipe"
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_a_closed_file_is_told() -> None:
    """A stream that was closed under the notifier is no crash."""
    stream = io.StringIO()
    stream.close()
    [answer] = console(Terminal(stream, {})).deliver([notify(BURST)])
    assert isinstance(answer, Undelivered)
    assert not answer.permanent
    assert str(answer.why) == "The console is closed."


def test_what_was_not_handed_over_is_not_delivered() -> None:
    """Text that only sits in a buffer does not count: the stream must have taken it."""
    [answer] = console(Terminal(FullDisk(), {})).deliver([notify(BURST)])
    assert isinstance(answer, Undelivered)
    assert "No space left" in str(answer.why)
