from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from agent_host import Host
from logonbell.pace import FIRST, Bundle
from logonbell.sentence import say

NOW = datetime.now(UTC)


def begin(host: Host, *, buried: int = 0, failing: int = 0) -> None:
    """Begin a message for each alert that waits for SNS; give up the first of them, let others fail."""
    with host.outbox() as outbox:
        tellings = outbox.tellings
        rows = tellings.waiting("sns")
        tellings.begin("sns", [Bundle((row.key,), row.level, None, row.kind, FIRST) for row in rows], NOW)
        deliveries = tellings.due("sns", NOW, 100)
        for delivery in deliveries[:buried]:
            tellings.bury(delivery, say("SNS finds this message too large."), NOW)
        for delivery in deliveries[buried : buried + failing]:
            tellings.postpone(delivery, say("SNS has trouble."), NOW + timedelta(hours=1), NOW)


def test_what_does_not_get_through_is_listed(host: Host) -> None:
    """Each message that fails or was given up is listed with its alerts and the reason; and how many wait."""
    host.ring(2, 3)
    begin(host, buried=1, failing=1)
    said = host.run("outbox", "list").out
    assert "message 1, sns: alert 1\n   given up" in said
    assert "SNS finds this message too large. To try it again: logonbell outbox retry 1" in said
    assert "message 2, sns: alert 2\n   did not get through at 1 try, is tried again" in said
    assert "message 3, sns: alert 3\n   is being sent" in said
    assert "console: 3 alerts wait to be told" in said
    lines = [json.loads(line) for line in host.run("outbox", "list", "--format", "jsonl").out.splitlines()]
    assert [(line["message"], line["state"], line["numbers"]) for line in lines] == [
        (1, "buried", [1]),
        (2, "pending", [2]),
        (3, "pending", [3]),
    ]


def test_status_tells_waiting_from_failing(host: Host) -> None:
    """Whether the pace holds it or it does not get through is two things."""
    host.ring(2)
    begin(host, failing=1)
    host.ring(3)
    said = host.run("status").out
    assert "sns: 3 pending, 0 delivered, 0 buried\n  1 of those pending wait" in said
    assert "  1 of those pending did not get through so far" in said
    state = json.loads(host.run("status", "--format", "jsonl").out)["notifiers"]["sns"]
    assert (state["pending"], state["waiting"], state["failing"], state["dropped"]) == (3, 1, 1, 0)


def test_what_was_given_up_is_tried_again(host: Host) -> None:
    """After the cause was mended, a message that was given up goes out: one that is named, or all."""
    host.ring(2, 3)
    begin(host, buried=3)
    assert host.run("outbox", "retry", 2).out == "1 message is tried again.\n"
    assert host.run("outbox", "retry").out == "2 messages are tried again.\n"
    assert host.run("outbox", "retry").out == "Nothing was given up.\n"
    refused = host.run("outbox", "retry", 2)
    assert refused.code == 1
    assert refused.err == (
        "Only what was given up can be tried again. Message 2 is no such. See: logonbell outbox list\n"
    )
    with host.outbox() as outbox:
        assert len(outbox.tellings.due("sns", NOW, 10)) == 3


def test_dropping_needs_a_reason_and_is_told(host: Host) -> None:
    """What is dropped is told with the next message of every notifier: how many, which, by whom and why."""
    host.ring(2, 3)
    begin(host, buried=1)
    assert host.run("outbox", "drop", 1, "--because", " ").code == 1
    assert host.run("outbox", "drop", "--because", "x").code == 1
    assert host.run("outbox", "drop", 1, "--notifier", "sns", "--because", "x").code == 1
    assert host.run("outbox", "drop", 9, "--because", "x").code == 1
    assert host.run("outbox", "drop", 1, "--because", "seen").out == (
        "1 alert was dropped; the next message says so.\n"
    )
    assert host.run("outbox", "drop", "--notifier", "console", "--because", "no longer set").out == (
        "3 alerts were dropped; the next message says so.\n"
    )
    assert "There are: console, sns" in host.run("outbox", "drop", "--notifier", "tv", "--because", "x").err
    with host.outbox() as outbox:
        told = [str(remark.what) for remark in outbox.remarks.between(0, 99)]
    assert len(told) == 2
    assert "(seen): number 1." in told[0]
    assert "(no longer set): numbers 1-3." in told[1]
    assert "3 dropped by hand" in host.run("status").out


def test_nothing_is_wrong(host: Host) -> None:
    """Where all was delivered, that is what it says."""
    host.run("outbox", "drop", "--notifier", "sns", "--because", "x")
    host.run("outbox", "drop", "--notifier", "console", "--because", "x")
    assert host.run("outbox", "list").out == "Nothing is pending, and nothing was given up.\n"
