from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_facts import tellable_findings, texts, times
from findings import (
    AT_FIVE,
    BACKLOG,
    DOMAIN_ADMIN,
    HOST_ID,
    LOGOFF,
    READ,
    RECONNECT,
    REPEATS,
    SENT,
    STORM,
    TUNNEL,
    digest,
    hostile,
    logon,
    notify,
)
from logonbell.event import EventRef
from logonbell.host import Instance
from logonbell.logon import Door, Finding, User
from logonbell.notification import Digest, DigestKind, Remark, Telling
from logonbell.notifiers.document import LONGEST, Document, Said, document, thread, written
from logonbell.proof import Head, Proof
from logonbell.rule import Rules
from logonbell.sentence import say
from logonbell.wire import iso, line

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "message.schema.json").read_text("utf-8")
)
CONTRACT = jsonschema.Draft202012Validator(SCHEMA)
SAID = Said("RDP logon: alice", "RDP logon: アリス\n\nfacts\n", "bastion-tokyo", SENT)
ANY_ROOM = 1 << 20


def read(telling: Telling, *, room: int = ANY_ROOM, said: Said = SAID) -> Document:
    """What a machine reads of it, where so many bytes pass."""
    text = written(document(telling, said), lambda text: len(text) <= room)
    assert text.isascii()
    assert len(text) <= room
    parsed: Document = json.loads(text)
    CONTRACT.validate(parsed)
    return parsed


def test_the_schema_is_one() -> None:
    """The contract itself is valid."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_an_alert_is_its_line_and_how_it_was_sent() -> None:
    """A machine that reads the lines of `read` reads an alert with the same eyes, and finds by what it is known."""
    told = notify(DOMAIN_ADMIN)
    whole = read(told)
    assert whole == {
        "schema": 1,
        **json.loads(json.dumps(line(DOMAIN_ADMIN, Rules().judge(DOMAIN_ADMIN)))),
        "fingerprint": told.fingerprint,
        "thread": thread(told),
        "sequence": 17,
        "host_id": HOST_ID,
        "instance": None,
        "read": iso(READ),
        "host_name": "bastion-tokyo",
        "sent": iso(SENT),
        "topic": None,
        "account": None,
        "region": None,
        "subject": "RDP logon: alice",
        "text": "RDP logon: アリス\n\nfacts\n",
        "remarks": [],
        "proof": None,
    }


HERE = Instance(HOST_ID, "ap-northeast-1", "123456789012", "bastion-tokyo")


def test_an_instance_is_told_with_its_place() -> None:
    """A machine finds it in its account; also of what a digest tells."""
    told = {"id": HOST_ID, "region": "ap-northeast-1", "account": "123456789012", "name": "bastion-tokyo"}
    one = replace(notify(DOMAIN_ADMIN), instance=HERE)
    assert read(one)["instance"] == told
    many = read(replace(STORM, instance=HERE, named=(one,)))
    assert many["instance"] == many["alerts"][0]["instance"] == told


PROOF = Proof("a" * 32, "sns", 57, "b" * 64, Head(1234, "c" * 64), notify(DOMAIN_ADMIN).fingerprint)


@pytest.mark.parametrize("room", [ANY_ROOM, 1])
def test_a_proof_is_whole_or_not_at_all(room: int) -> None:
    """By what it is shown that none is missing comes as it is, however little room there is."""
    telling = replace(notify(DOMAIN_ADMIN), proof=PROOF)
    CONTRACT.validate(read(telling))
    text = written(document(telling, SAID), lambda text: len(text) <= room)
    told = json.loads(text)
    assert told["fingerprint"] == PROOF.fingerprint
    assert told["proof"] == {
        "history": "a" * 32,
        "notifier": "sns",
        "number": 57,
        "before": "b" * 64,
        "mark": PROOF.mark,
        "head": {"number": 1234, "mark": "c" * 64},
    }


def test_remarks_are_told() -> None:
    """What must be told besides comes with its time, a word, a sentence and a number where there is one."""
    remark = Remark(AT_FIVE, "silenced", say("{number} alerts were silenced", number=3), 3)
    (told,) = read(replace(notify(DOMAIN_ADMIN), remarks=(remark,)))["remarks"]
    assert told == {
        "time": iso(AT_FIVE),
        "kind": "silenced",
        "what": "3 alerts were silenced",
        "count": 3,
    }


@pytest.mark.parametrize("telling", [STORM, BACKLOG, REPEATS], ids=["storm", "backlog", "repeats"])
def test_a_digest_lists_and_counts(telling: Digest) -> None:
    """A digest says how many there are, of which numbers, and lists those it names as alerts are written alone."""
    whole = read(telling)
    assert (whole["type"], whole["kind"], whole["count"]) == ("digest", str(telling.kind), telling.count)
    assert whole["listed"] == len(telling.named)
    assert whole["sequences"] == [list(numbers) for numbers in telling.sequences]
    assert whole["level"] == telling.level.word
    assert sum(whole["levels"].values()) == telling.count
    for listed, one in zip(whole["alerts"], telling.named, strict=True):
        alone = read(one)
        assert listed == {key: alone[key] for key in listed}


def _many(count: int) -> Digest:
    named = [
        replace(
            notify(
                replace(
                    DOMAIN_ADMIN, events=tuple(EventRef("Security", 1000 * n + m, 4624) for m in range(200))
                )
            ),
            sequence=n,
        )
        for n in range(1, count + 1)
    ]
    return digest(DigestKind.STORM, named, count * 2)


@pytest.mark.parametrize(("count", "room"), [(4, 100_000), (40, 100_000), (40, 40_000), (40, 20_000)])
def test_a_digest_lists_as_many_as_fit(count: int, room: int) -> None:
    """Where not all fit, the worst are listed, as whole as one alone; it says how many, and uses the room there is."""
    telling = _many(count)
    whole = read(telling, room=room)
    size = len(json.dumps(whole["alerts"][0]))
    assert 1 <= whole["listed"] == len(whole["alerts"]) <= count
    assert [one["sequence"] for one in whole["alerts"]] == list(range(1, whole["listed"] + 1))
    assert whole["count"] == 2 * count
    assert len(whole["alerts"][0]["events"]) == 200
    assert whole["listed"] == count or len(json.dumps(whole)) + 6 * size > room


def test_what_is_far_too_large_keeps_who_and_which_door() -> None:
    """Names of any length and hundreds of records fit into little room, and who came by which door is still there."""
    name = "\x1b\ud800" * 20_000
    events = tuple(EventRef(name, n, 4624) for n in range(256))
    finding = replace(
        logon(Door.RDP), user=User(name, name, name), address=name, workstation=name, events=events
    )
    said = replace(SAID, text="長" * 60_000)
    whole = read(notify(finding), room=90_000, said=said)
    assert whole["door"] == "rdp"
    assert whole["user"].startswith("\x1b\ud800")
    assert whole["user"].endswith(")")
    assert 0 < len(whole["events"]) < 256
    assert whole["text"].startswith("長")


def test_a_long_text_says_how_much_is_left_out() -> None:
    """A name of many characters is cut with the number of those that are missing; one that fits is left alone."""
    cut = read(notify(replace(logon(Door.RDP), user=User("x" * 5000))))["user"]
    kept, missing = cut.removesuffix(")").split("...(+")
    assert len(cut) == LONGEST
    assert len(kept) + int(missing) == 5000
    assert read(notify(replace(logon(Door.RDP), user=User("x" * LONGEST))))["user"] == "x" * LONGEST


def test_follow_ups_share_the_thread_of_their_logon() -> None:
    """A session's logon, its reconnect and its logoff are one thread, whatever else the same person does is another."""
    opened = replace(logon(Door.RDP), time=AT_FIVE - timedelta(hours=3, minutes=7))
    assert thread(notify(opened)) == thread(notify(RECONNECT)) == thread(notify(LOGOFF))
    others = [logon(Door.RDP), replace(RECONNECT, resumes=None, began=None), TUNNEL]
    assert len({thread(notify(one)) for one in (opened, *others)}) == 4
    assert thread(notify(opened, host_id="i-9")) != thread(notify(opened))
    assert thread(STORM) != thread(STORM.named[0])


def test_hostile_names_keep_the_contract() -> None:
    """Whatever a log holds, the object has the keys and types that the schema promises, with the names as they are."""
    for finding in hostile("\x1b[31malice\n\u202e\ud800`"):
        assert read(notify(finding))["host"] == "\x1b[31malice\n\u202e\ud800`"


@settings(deadline=None)  # a machine that is busy elsewhere breaks no promise
@given(tellable_findings, texts, times, st.integers(2_500, 200_000))
def test_any_alert_keeps_the_contract(finding: Finding, text: str, when: datetime, room: int) -> None:
    """Whatever is told, and however little room there is, the object is whole and of the contract."""
    whole = document(notify(finding), Said(text, text, text, when))
    CONTRACT.validate(json.loads(written(whole, lambda written: len(written) <= room)))


def test_a_digest_names_every_number() -> None:
    """What came in between may go alone: hundreds of ranges are told whole, and before one is left out, alerts are."""
    odd = replace(_many(8), sequences=tuple((n, n) for n in range(1, 4001, 2)), count=2000)
    assert len(read(odd)["sequences"]) == 2000
    tight = read(odd, room=60_000)
    assert (len(tight["sequences"]), tight["listed"]) == (2000, 2)
    assert 0 < len(read(odd, room=20_000)["sequences"]) < 2000
