"""Messages are found in whatever way they were saved; what is none is said, and nothing hostile breaks the reading."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettering import envelope, json_of, mail_of, tell
from logonbell.errors import Refused
from logonbell.notification import Telling
from logonbell.saved import Saved
from logonbell.store.outbox import Outbox
from notifications import NOON


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Telling:
    """A message."""
    with closing(Outbox.open(tmp_path_factory.mktemp("told"), now=NOON)) as outbox:
        return tell(outbox, [1])[0]


def test_messages_are_found_however_they_were_saved(one: Telling, tmp_path: Path) -> None:
    """As objects, lines, lists, envelopes, answers of SQS, events of functions, mails and mails of JSON."""
    bare = json_of(one)
    sealed = envelope(bare)
    forms = {
        "bare.json": json.dumps(bare, indent=2),
        "lines.jsonl": json.dumps(bare) + "\n\n" + json.dumps(sealed) + "\n",
        "list.json": json.dumps([bare, sealed]),
        "answer.json": json.dumps({"Messages": [{"MessageId": "x", "Body": json.dumps(sealed)}]}),
        "event.json": json.dumps({"Records": [{"body": json.dumps(bare)}, {"Sns": sealed}]}),
        "deep/plain.txt": mail_of(one).decode().partition("\n\n")[2],
        "deep/email-json.eml": f"Subject: x\n\n{json.dumps(bare)}\n",
    }
    for name, text in forms.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "mail.eml").write_bytes(mail_of(one, language="ja"))
    saved = Saved()
    letters = list(saved.below([tmp_path]))
    found = [Path(letter.where.partition(":")[0].partition("#")[0]).name for letter in letters]
    assert found == [
        "answer.json",
        "bare.json",
        "event.json",
        "event.json",
        "lines.jsonl",
        "lines.jsonl",
        "list.json",
        "list.json",
        "mail.eml",
        "email-json.eml",
        "plain.txt",
    ]
    assert {letter.claim.mark[:16] for letter in letters if letter.claim} == {bare["proof"]["mark"][:16]}
    assert len({letter.content for letter in letters if letter.proof}) == 1
    assert (saved.problems, saved.others) == ([], 0)


def test_what_is_no_message_is_counted(tmp_path: Path) -> None:
    """Other mails and files are no flaw; what looks like a message and is none is one, with its place."""
    (tmp_path / "a.txt").write_text("Dear all,\n\nProof  of concept\n", encoding="utf-8")
    (tmp_path / "b.json").write_text('{"hello": 1}', encoding="utf-8")
    (tmp_path / "c.bin").write_bytes(bytes(range(256)))
    (tmp_path / "d.json").write_text('{"fingerprint": "x", "host_id": "y"}', encoding="utf-8")
    (tmp_path / "e.jsonl").write_text('{"hello": 1}\n{"cut', encoding="utf-8")
    saved = Saved()
    assert list(saved.below([tmp_path])) == []
    assert [Path(problem.where).name for problem in saved.problems] == ["d.json", "e.jsonl:2"]
    assert saved.others == 4
    with pytest.raises(Refused, match="nothing at"):
        list(saved.below([tmp_path / "gone"]))


def test_a_name_cannot_prove_anything() -> None:
    """A user called like a proof is a fact among others, since a proof is a line of its own."""
    forged = "0" * 8 + "-1-1-" + "0" * 16
    mail = f"RDP logon: {forged}\n\nUser        {forged}\nWorkstation Proof  {forged}\n"
    saved = Saved()
    assert list(saved.in_text("mail", mail.encode())) == []
    two = f"Proof  {forged}\nProof  {forged[:-1]}1\n"
    assert list(saved.in_text("mail", two.encode())) == []
    assert [problem.kind for problem in saved.problems] == ["unreadable"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["Body", "Sns", "Message"]), inner)
    ),
)


@settings(max_examples=25)
@given(st.binary() | JSON.map(lambda made: json.dumps(made).encode()))
def test_nothing_hostile_breaks_the_reading(raw: bytes) -> None:
    """Whoever can send to a queue or a mailbox can send anything."""
    assert list(Saved().in_text("it", raw)) == []


@settings(max_examples=25)
@given(JSON, JSON, JSON)
def test_a_hostile_message_is_a_flaw_or_a_letter(proof: object, sent: object, schema: object) -> None:
    """What has the face of a message is read or named, never an error."""
    document = {"schema": schema, "fingerprint": "x", "host_id": "y", "sent": sent, "proof": proof}
    saved = Saved()
    letters = list(saved.in_text("it", json.dumps(document).encode()))
    assert len(letters) + len(saved.problems) == 1
