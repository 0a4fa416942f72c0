from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from agent_host import Host
from logonbell.notification import DigestKind
from logonbell.pace import FIRST, STORM, Bundle
from logonbell.silence import Cover, Silence

NOW = datetime.now(UTC)


def test_each_alert_says_what_became_of_it(host: Host) -> None:
    """Why did nothing ring? Each alert's story answers: told when, alone or with others; waiting for what; silenced by whom."""
    host.ring(2, 3, 4)
    with host.outbox() as outbox:
        tellings = outbox.tellings
        one, *others = tellings.waiting("sns")
        keys = tuple(row.key for row in others)
        bundles = [
            Bundle((one.key,), one.level, None, one.kind, FIRST),
            Bundle(keys, one.level, DigestKind.STORM, None, STORM),
        ]
        tellings.begin("sns", bundles, NOW)
        for delivery in tellings.due("sns", NOW, 10):
            tellings.delivered(delivery, f"receipt-{delivery.key}", NOW)
        outbox.silences.add(
            Silence(0, Cover(), "patching", "alice", NOW + timedelta(hours=1), NOW + timedelta(hours=2))
        )
    host.ring(5)
    host.ring(6, age=-5400)
    said = host.run("explain").out
    assert "  rings (high): a domain admin came\n  console: is told next\n  sns: told " in said
    assert "receipt receipt-1" in said
    assert "together with 2 others: more came than a person can read one by one, receipt receipt-2" in said
    assert "at most for now: the same was told a short while ago" in said
    assert "  not told: silenced by alice until " in said


def test_a_filter_that_holds_it_back_is_named(host: Host) -> None:
    """A notifier that was not told because of its filter is named, so that nobody looks for a lost message."""
    with host.config.open("a", encoding="utf-8") as settings:
        settings.write("[notify.sns.filter]\nlevel = 'critical'\n")
    host.ring(2, notifiers=["console"])
    host.ring(3)
    said = host.run("explain").out
    assert said.count("  sns: is not told this, by its filter\n") == 1
    lines = [json.loads(line) for line in host.run("explain", "--format", "jsonl").out.splitlines()]
    assert {line["number"]: line["filtered"] for line in lines if line["filtered"]} == {2: ["sns"]}


def test_one_alert_is_asked_for(host: Host) -> None:
    """By the number in its message, its fingerprint, or the record that stands behind it, one alert is explained alone."""
    host.ring(2)
    with host.outbox() as outbox:
        (story,) = outbox.fates.numbered(2)
        assert story.alert is not None
        fingerprint = story.alert.fingerprint
    for given in (("--number", 2), ("--fingerprint", fingerprint), ("--record", 1002)):
        (line,) = host.run("explain", *given, "--format", "jsonl").out.splitlines()
        told = json.loads(line)
        assert (told["type"], told["number"], told["fingerprint"]) == ("story", 2, fingerprint)
        assert told["finding"]["record_ids"] == [1002]
        assert [fate["state"] for fate in told["notifiers"]] == ["waiting", "waiting"]
    refused = host.run("explain", "--number", 7)
    assert refused.code == 1
    assert refused.err.startswith("No alert was made of that.")


def test_a_log_knows_no_numbers_of_alerts(host: Host) -> None:
    """Asking a log for the agent's numbers is refused, with where to ask instead."""
    said = host.run("explain", host.config, "--number", 1)
    assert (said.code, said.out) == (1, "")
    assert "A log holds no alerts" in said.err
