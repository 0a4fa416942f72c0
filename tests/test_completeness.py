"""What saved messages prove: none is missing, none was changed, and they tell of one history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from lettering import Document, json_of, mail_of, tell
from logonbell.completeness import Examination, examine
from logonbell.notification import Telling
from logonbell.proof import Head
from logonbell.saved import Saved
from logonbell.store.outbox import Outbox
from notifications import NOON


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Telling]:
    """Eight messages of one history."""
    with closing(Outbox.open(tmp_path_factory.mktemp("told"), now=NOON)) as outbox:
        return tell(outbox, range(1, 9))


def laid_out(documents: Iterable[Document | bytes], **more: object) -> Examination:
    """Examine messages as they were saved."""
    saved = Saved()
    letters = []
    for number, one in enumerate(documents):
        text = one if isinstance(one, bytes) else json.dumps(one).encode()
        letters += list(saved.in_text(str(number), text))
    assert saved.problems == []
    assert saved.others == 0
    return examine(letters, **more)  # type: ignore[arg-type]


def kinds(found: Examination) -> list[str]:
    """Name what does not fit."""
    return [problem.kind for problem in found.problems]


def test_all_that_was_sent_is_in_order(told: Sequence[Telling]) -> None:
    """Whatever the order in which they came, and how often: nothing is missing, repeats are counted."""
    documents = [json_of(one, after=number) for number, one in enumerate(told)]
    again = [json_of(told[2], after=70, language="ja"), json_of(told[2], after=80)]
    mixed: list[Document | bytes] = [*documents, *again, mail_of(told[3], language="ja")]
    Random(1).shuffle(mixed)  # noqa: S311 - repeatable, not secret
    found = laid_out(mixed)
    assert found.problems == ()
    (stream,) = found.streams
    assert (stream.first, stream.last, stream.messages, stream.repeats) == (1, 8, 8, 3)
    assert (stream.notifier, stream.link) == ("sns", 16)
    assert stream.sent == NOON + timedelta(seconds=80)


def test_a_host_that_is_known_by_another_id_is_that_one(told: Sequence[Telling]) -> None:
    """An instance's id takes the place of a name within one history: nothing is missing, and the newest is told."""
    documents = [{**json_of(one), "host_id": "BASTION01"} for one in told[:4]]
    found = laid_out([*documents, *(json_of(one) for one in told[4:])])
    assert found.problems == ()
    assert [stream.host for stream in found.streams] == [told[-1].host_id]


def test_mails_alone_are_enough(told: Sequence[Telling]) -> None:
    """From mails alone one sees which is missing."""
    assert laid_out(mail_of(one) for one in told).problems == ()
    found = laid_out(mail_of(one) for number, one in enumerate(told) if number not in {3, 4})
    assert kinds(found) == ["missing"]
    assert str(found.problems[0].what) == "2 messages are missing: 4 to 5."


def test_a_message_that_is_missing_is_named(told: Sequence[Telling]) -> None:
    """One that is missing is named, wherever; that the first ones were not saved is no flaw, but is shown."""
    documents = [json_of(one) for one in told]
    found = laid_out([*documents[2:5], *documents[6:]])
    assert [str(problem.what) for problem in found.problems] == ["Message 6 is missing."]
    assert found.streams[0].first == 3


def test_a_history_that_got_shorter_is_found(told: Sequence[Telling]) -> None:
    """An older state that goes on under its own name is found by its head, though its messages are counted on."""
    proof = told[1].proof
    assert proof is not None
    head, mark = Head(1, "1" * 64), told[2].fingerprint
    after = replace(told[2], proof=replace(proof, number=3, before=proof.mark, head=head, fingerprint=mark))
    assert kinds(laid_out([*map(json_of, told[:2]), json_of(after)])) == ["backwards"]


def changed(document: Document, **proof: object) -> Document:
    """Change what a message proves, without its mark."""
    return {**document, "proof": {**document["proof"], **proof}}


def test_a_message_that_was_changed_is_found(told: Sequence[Telling]) -> None:
    """Neither its fingerprint nor what it proves can be changed without being found."""
    whole = [json_of(one) for one in told]
    fifth = whole[4]
    for other in (
        {**fifth, "fingerprint": "0" * 32},
        changed(fifth, before="0" * 64),
        changed(fifth, head={"number": 9, "mark": "0" * 64}),
    ):
        assert "altered" in kinds(laid_out([*whole[:4], other, *whole[5:]]))


def test_a_number_that_is_given_twice_is_found(told: Sequence[Telling]) -> None:
    """Two messages of one number that tell of different things are a flaw; of the same thing, a repeat."""
    whole = [json_of(one) for one in told]
    assert kinds(laid_out([*whole, {**whole[4], "user": "nobody"}])) == ["repeated"]
    proof = told[4].proof
    assert proof is not None
    forged = json_of(replace(told[4], proof=replace(proof, head=Head(10, "0" * 64))))
    assert set(kinds(laid_out([*whole, forged]))) == {"repeated", "forked"}
    assert kinds(laid_out([*whole[:4], forged, *whole[5:]])) == ["broken"]


def test_a_history_that_began_anew_is_told(told: Sequence[Telling], tmp_path: Path) -> None:
    """Who deletes the state begins another history, which is seen; its messages are sound in themselves."""
    with closing(Outbox.open(tmp_path, now=NOON)) as outbox:
        other = tell(outbox, range(20, 23))
    found = laid_out(
        [*(json_of(one) for one in told), *(json_of(one, after=3600) for one in other)],
    )
    assert kinds(found) == ["anew"]
    assert "another history behind message 8" in str(found.problems[0].what)
    assert [stream.last for stream in found.streams] == [8, 3]


def test_silence_is_found_where_it_is_asked_for(told: Sequence[Telling]) -> None:
    """Who expects a heartbeat is told that none came; nobody else is."""
    documents = [json_of(one) for one in told]
    assert laid_out(documents, fresh=NOON).problems == ()
    assert kinds(laid_out(documents, fresh=NOON + timedelta(hours=1))) == ["silent"]


def test_two_notifiers_tell_of_one_history(tmp_path: Path) -> None:
    """Each has its own numbers; where they tell of the same link, it is the same."""
    with closing(Outbox.open(tmp_path, now=NOON)) as outbox:
        mails, papers = tell(outbox, range(1, 4)), tell(outbox, range(4, 6), "console")
    found = laid_out([json_of(one) for one in (*mails, *papers)])
    assert found.problems == ()
    assert {stream.notifier: stream.last for stream in found.streams} == {"sns": 3, "console": 5}
