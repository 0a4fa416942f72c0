from __future__ import annotations

import json
from random import Random

import pytest

from fake_eventlog import Channel, FakeEventLog
from fakes import NOON
from logonbell.agent import utc_now
from logonbell.commands.read_channel import read
from logonbell.errors import Refused
from logonbell.recognise.windows import CHANNELS
from logonbell.simulate.day import play_day
from said import an_english_desk


def a_log() -> FakeEventLog:
    """Make an event log in which a day of a bastion was written."""
    log = FakeEventLog({channel: Channel() for channel in CHANNELS})
    for event in play_day(NOON.replace(hour=0), Random(1)):  # noqa: S311 - repeatable, not secret
        if event.channel in log.channels:
            log.write(event.channel, event)
    return log


def test_the_live_log_is_read_as_files_are() -> None:
    """The logons stand in a table, and the last line says what the recipe would have mailed."""
    log = a_log()
    here, out = an_english_desk()
    assert read(here, CHANNELS, None, as_lines=False, log=log) == 0
    text = out.getvalue()
    assert "would ring" in text
    assert "The usual recipe" in text.splitlines()[-1]
    assert log.open == 0


def test_only_what_is_newer_than_asked_is_read() -> None:
    """--since is Windows' own filter, so the rest is not even read."""
    log = a_log()
    log.write("Security", log.channels["Security"].events[0])
    log.channels["Security"].events[-1] = (
        log.channels["Security"].events[-1].__class__("Security", 4624, 1, utc_now(), "B", "P", {})
    )
    here, out = an_english_desk()
    assert read(here, ["Security"], "1h", as_lines=True, log=log) == 0
    assert json.loads(out.getvalue().splitlines()[-1])["records"] == 1


def test_answers_that_are_too_large_are_asked_for_in_parts() -> None:
    """Error 1734 costs time only."""
    whole, parts = a_log(), a_log()
    parts.largest = 3
    texts = []
    for log in (whole, parts):
        here, out = an_english_desk()
        read(here, ["Security"], None, as_lines=True, log=log)
        texts.append(out.getvalue())
    assert texts[0] == texts[1]


def test_a_record_without_a_bookmark_comes_once() -> None:
    """Where the reading begins anew in the middle, what cannot be marked is neither left out nor counted twice."""
    whole, parts = a_log(), a_log()
    parts.largest = 3
    parts.channels["Security"].unmarked = {2, 3, 64, 65, 66, 500}
    texts = []
    for log in (whole, parts):
        here, out = an_english_desk()
        read(here, ["Security"], None, as_lines=True, log=log)
        texts.append(out.getvalue())
    assert texts[0] == texts[1]


def test_a_channel_that_may_not_be_read_says_what_to_do() -> None:
    """One sentence, with the right and the group."""
    log = FakeEventLog({"Security": Channel(refuses=5)})
    with pytest.raises(Refused, match="SeSecurityPrivilege"):
        read(an_english_desk()[0], ["Security"], None, as_lines=False, log=log)


def test_a_channel_that_is_not_there_says_where_to_look() -> None:
    """Nothing is promised of a later try: this command ends."""
    with pytest.raises(Refused, match=r"There is no such channel on this host\. Those that there are"):
        read(an_english_desk()[0], ["Securty"], None, as_lines=False, log=FakeEventLog({}))


def test_of_several_channels_those_that_are_there_are_read() -> None:
    """A channel that is missing is a loss, not an end."""
    log = FakeEventLog({"Security": Channel()})
    here, out = an_english_desk()
    assert read(here, ["Security", "OpenSSH/Operational"], None, as_lines=False, log=log) == 0
    assert "There is no such channel" in out.getvalue()
