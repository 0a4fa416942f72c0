from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from agent_host import Host
from logonbell.commands.silence import author
from logonbell.logon import Notice, NoticeKind
from logonbell.silence import Cover


def test_a_silence_rings_before_it_begins(host: Host) -> None:
    """Whoever keeps the bell from ringing is told of first: nothing is held back before somebody took the notice."""
    said = host.run("silence", "add", "--door", "rdp", "--until", "2h", "--because", "patching")
    assert said.code == 0
    assert re.match(r"Silence 1: door rdp, until \d{4}-\d\d-\d\d .* UTC\. It holds once", said.out)
    assert (
        "holds nothing back yet, since nobody has been told of it: door rdp"
        in host.run("silence", "list").out
    )
    (line,) = host.run("silence", "list", "--format", "jsonl").out.splitlines()
    assert (json.loads(line)["told"], json.loads(line)["on"]) == (False, False)
    host.ring(2)
    host.take()
    assert "is on: door rdp" in host.run("silence", "list").out
    host.ring(3)
    with host.outbox() as outbox:
        notice, rung, silenced = outbox.fates.recent(3)
        assert [fate.notifier for fate in rung.fates] == ["console", "sns"]
        assert notice.alert is not None
        assert isinstance(notice.alert.finding, Notice)
        assert notice.alert.finding.kind is NoticeKind.SILENCE
        assert re.match(
            rf"{re.escape(author())} silences door rdp from .* UTC to .* UTC: patching",
            str(notice.alert.finding.what),
        )
        assert [fate.notifier for fate in notice.fates] == ["console", "sns"]
        assert silenced.fates == ()
        assert str(silenced.silenced).endswith("(patching)")
        assert (notice.sequence, silenced.sequence) == (2, 4)


def test_silences_are_listed_and_ended(host: Host) -> None:
    """It is seen what is silent, by whose word, until when and why, and how much it held back; ending it rings, too."""
    host.run(
        "silence",
        "add",
        "--user",
        "alice",
        "--address",
        "203.0.113.5/24",
        "--until",
        "2h",
        "--because",
        "a  b",
    )
    host.take()
    host.ring(2, 3)
    listed = host.run("silence", "list").out
    assert "is on: user alice, address 203.0.113.0/24" in listed
    assert f"by {author()}: a b; alerts held back: 2" in listed
    (line,) = host.run("silence", "list", "--format", "jsonl").out.splitlines()
    assert json.loads(line)["addresses"] == ["203.0.113.0/24"]
    assert json.loads(line)["on"] is True
    ended = host.run("silence", "end", 1)
    assert (ended.code, ended.out) == (0, "Silence 1 has ended. Alerts that it held back: 2\n")
    assert "has ended: user alice" in host.run("silence", "list").out
    host.ring(4)
    with host.outbox() as outbox:
        notice, told = outbox.fates.recent(2)
        assert notice.alert is not None
        assert "ends the silence of user alice" in str(notice.alert.finding.what)  # type: ignore[union-attr]
        assert told.silenced is None
    again = host.run("silence", "end", 1)
    assert (again.code, again.out) == (1, "")
    assert "Silence 1 has ended" in again.err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--until", "2h", "--because", "x"], "It is not said what is to be silent."),
        (
            ["--all", "--door", "rdp", "--until", "2h", "--because", "x"],
            "--all goes with no other criterion.",
        ),
        (["--all", "--until", "2h", "--because", "  "], "It is not said why."),
        (["--all", "--until", "soon", "--because", "x"], "soon is no time."),
        (["--all", "--until", "2020-01-01", "--because", "x"], "It would end before it begins."),
        (["--all", "--until", "32d", "--because", "x"], "A silence lasts 31 days at most."),
        (
            ["--all", "--from", "2020-01-01", "--until", "2h", "--because", "x"],
            "A silence cannot begin in the past",
        ),
        (["--address", "home", "--until", "2h", "--because", "x"], "home is no address and no network."),
    ],
)
def test_a_silence_that_says_too_little_is_refused(host: Host, given: list[str], told: str) -> None:
    """What is silent, why, and until when must be said, and an end must be near; nothing was changed."""
    said = host.run("silence", "add", *given)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert host.run("silence", "list").out == "There are no silences.\n"


def test_a_silence_to_come_holds_back_nothing_yet(host: Host) -> None:
    """A silence that is added for tonight rings now, and is off until then."""
    host.run("silence", "add", "--all", "--from", "1h", "--until", "2h", "--because", "tonight")
    host.ring(2)
    assert "is to come: everything" in host.run("silence", "list").out
    with host.outbox() as outbox:
        assert outbox.fates.recent(1)[0].silenced is None
        (silence,) = outbox.silences.since(datetime.now(UTC))
        assert silence.cover == Cover()
        assert timedelta(minutes=59) < silence.ends - silence.begins <= timedelta(hours=1)


def test_no_silence_of_a_number(host: Host) -> None:
    """A number that no silence has is told, with where to look."""
    said = host.run("silence", "end", 7)
    assert said.code == 1
    assert said.err == "There is no silence 7. See: logonbell silence list\n"
