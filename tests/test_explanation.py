from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from findings import DOMAIN_ADMIN
from logonbell.explanation import Explained, explain, lines
from logonbell.judge import Judge
from logonbell.logon import FailedLogons, Logon
from logonbell.recognise.recogniser import READERS
from logonbell.rule import Rules
from logonbell.sentence import say
from logonbell.simulate.day import play_day
from scenes import SCENES

LOCAL = "TerminalServices-LocalSessionManager/Operational"
CONSOLE = {
    "en": [
        r"Console logon: BASTION-01\kim on BASTION-01",
        "  2026-05-04 09:00:00.030 UTC Security 4624 record 5001: somebody sat down: a logon of type 2",
        "  2026-05-04 09:00:00.030 UTC Security 4627 record 5002: the groups of a logon: belongs to it",
        f"  2026-05-04 09:00:00.200 UTC {LOCAL} 21 record 3: a new session 1 (LocalSessionManager)",
        "  so: a logon at the console (type 2)",
        "  rings (medium): the door console rings",
    ],
    "ja": [
        r"コンソール ログオン: BASTION-01\kim → BASTION-01",
        "  2026-05-04 09:00:00.030 UTC Security 4624 レコード 5001: 画面の前でのログオン: タイプ 2",
        "  2026-05-04 09:00:00.030 UTC Security 4627 レコード 5002: ログオンのグループ情報 (ログオンに付随)",
        f"  2026-05-04 09:00:00.200 UTC {LOCAL} 21 レコード 3: 新しいセッション 1 (LocalSessionManager)",
        "  判断: コンソールでのログオン (タイプ 2)",
        "  鳴ります (中): 経路 console は通知対象です",
    ],
}


@pytest.mark.parametrize("language", CONSOLE)
def test_a_logon_is_explained_in_full(language: str) -> None:
    """Who asks why it rang is told each record behind it, in its order, what follows from them, and why that rings."""
    (one,) = [one for one in explain(SCENES["door-console"].events, Judge(Rules())) if one.tells_of(5002)]
    assert list(lines(one, language)) == CONSOLE[language]


def test_silence_is_explained_too() -> None:
    """Who asks why it did not ring is told the rule, not left with nothing."""
    (one,) = [one for one in explain(SCENES["door-network"].events, Judge(Rules())) if one.tells_of(5001)]
    assert list(lines(one, "en"))[-1] == "  does not ring: the door network is recorded and silent"


def test_a_burst_says_when_it_rang() -> None:
    """A burst of failed logons rings at its third, and again when it is over: both are told."""
    (one,) = [
        one for one in explain(SCENES["door-failed-logons"].events, Judge(Rules())) if one.finding is not None
    ]
    assert [line for line in lines(one, "en") if "rings" in line] == [
        "  rings (medium): three failed logons within minutes ring",
        "  rings (low): the burst of failed logons is over",
    ]


def test_a_session_that_was_inferred_says_how() -> None:
    """Where a logon was given to an SSM session, the ground for it is told."""
    logon = replace(DOMAIN_ADMIN, ssm_match=say("the only session that forwards the port"))
    explained = Explained(logon, Judge(Rules()).judge(logon), [])
    assert "  SSM: the only session that forwards the port" in lines(explained, "en")


def test_every_record_of_a_day_is_explained_once() -> None:
    """Of a whole day each record of interest stands behind what it tells, or as one that nothing came of."""
    day = play_day(datetime(2026, 5, 4, tzinfo=UTC), Random(1))  # noqa: S311 - repeatable, not secret
    events = [event for event in day if event.event_id in READERS.get(event.channel, ())]
    explained = explain(events, Judge(Rules()))
    told = [(event.host, event.ref) for one in explained for event in one.events]
    assert sorted(told) == sorted((event.host, event.ref) for event in events)
    found = [one.finding for one in explained if one.finding is not None]
    assert sum(isinstance(finding, Logon) for finding in found) >= 5
    assert sum(isinstance(finding, FailedLogons) for finding in found) == 1
    assert all(len(one.events) == 1 for one in explained if one.finding is None)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_nobody_writes_a_line_of_their_own(language: str) -> None:
    """A name that holds line ends or control codes is shown with them escaped, in lines that are ours alone."""
    for one in explain(SCENES["trap-hostile-names"].events, Judge(Rules())):
        assert all(line.isprintable() for line in lines(one, language))
