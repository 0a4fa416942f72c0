"""The receiver's ``verify``, and the host's against what was received."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent_host import Host
from lettering import Document, json_of, mail_of, tell
from logonbell.notification import Telling
from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.store.outbox import FILE, Outbox
from notifications import NOON
from said import JAPANESE, Said

Run = Callable[..., Said]


@pytest.fixture
def told(tmp_path: Path) -> list[Telling]:
    """Six messages of a state that lies beside them."""
    with closing(Outbox.open(tmp_path / "state", now=NOON)) as outbox:
        return tell(outbox, range(1, 7))


def save(folder: Path, *documents: Document) -> Path:
    """Save messages as lines, as a queue's reader does."""
    folder.mkdir(exist_ok=True)
    path = folder / "messages.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in documents), encoding="utf-8")
    return path


def test_sound_messages_end_with_0(run: Run, told: list[Telling], tmp_path: Path) -> None:
    """Messages without a flaw are a table and a sentence, in both languages, and lines for machines."""
    save(tmp_path / "inbox", *map(json_of, told))
    (tmp_path / "inbox" / "one.eml").write_bytes(mail_of(told[0]))
    said = run("verify", tmp_path / "inbox", "--history", tmp_path / "state")
    assert (said.code, said.err) == (0, "")
    assert "i-0123456789abcdef0  sns" in said.out
    assert "Nothing is missing between the first and the last of 6 messages (1 came again)." in said.out
    assert JAPANESE.search(run("verify", tmp_path / "inbox", "--lang", "ja").out)
    stream, summary = (
        json.loads(line) for line in run("verify", tmp_path / "inbox", "--format", "jsonl").out.splitlines()
    )
    assert (stream["first"], stream["last"], stream["link"]) == (1, 6, 12)
    assert (summary["flaws"], summary["messages"], summary["repeats"]) == (0, 6, 1)


def test_a_flaw_ends_with_1(run: Run, told: list[Telling], tmp_path: Path) -> None:
    """A message that is missing is named with the place that shows it."""
    path = save(tmp_path / "inbox", *(json_of(one) for one in (*told[:2], *told[4:])))
    said = run("verify", path)
    assert said.code == 1
    assert f"{path}:3: 2 messages are missing: 3 to 4." in said.out
    flaw = json.loads(run("verify", path, "--format", "jsonl").out.splitlines()[1])
    assert (flaw["kind"], flaw["where"]) == ("missing", f"{path}:3")


TAMPERED = {
    "an alert and its links removed": (
        [
            "delete from delivery where alert = 6",
            "delete from alert where id = 6",
            "delete from finding where id = 6",
            "delete from link where number > 10",
        ],
        "Up to link 12, the history is not the one that was told of.",
    ),
    "a message removed": (
        ["delete from delivery where alert = 6", "delete from telling where number = 6"],
        "This state sent no message 6 of this history to anybody.",
    ),
    "a link written anew": (
        ["update link set mark = '00' where number = 12"],
        "Up to link 12, the history is not the one that was told of.",
    ),
}


@pytest.mark.parametrize("tampered", TAMPERED)
def test_a_history_that_no_longer_fits_is_found(
    run: Run, config: Callable[[str], Path], told: list[Telling], tmp_path: Path, tampered: str
) -> None:
    """Who owns the host cannot make a history that fits what was sent, from either side."""
    statements, what = TAMPERED[tampered]
    path = save(tmp_path / "inbox", *map(json_of, told[:-1]))
    last = tmp_path / "inbox" / "last.eml"
    last.write_bytes(mail_of(told[-1]))
    assert run("verify", tmp_path / "inbox", "--history", tmp_path / "state").code == 0
    with closing(sqlite3.connect(tmp_path / "state" / FILE)) as db, db:
        for statement in statements:
            assert db.execute(statement).rowcount > 0
    said = run("verify", path, last, "--history", tmp_path / "state")
    assert said.code == 1
    assert f"{last}: {what}" in said.out
    said = run("history", "verify", "--config", config(""), "--against", tmp_path / "inbox")
    assert said.code == 1
    assert f"{last}: {what}" in said.out


def test_what_is_no_message_is_refused(run: Run, host: Host, tmp_path: Path) -> None:
    """One sentence says what is missing, whatever is asked for wrongly."""
    (tmp_path / "letters").mkdir()
    assert "No message of logonbell was found." in run("verify", tmp_path / "letters").err
    assert "What is to be verified?" in run("verify").err
    assert "There is nothing at" in run("verify", tmp_path / "gone").err
    assert "--save-to is for" in run("verify", tmp_path, "--save-to", "x").err
    assert "does not say its region" in run("verify", "--queue", "http://127.0.0.1/q").err
    assert "no time" in run("verify", tmp_path, "--since", "yesterday").err
    assert (
        "No message of logonbell was found."
        in host.run("history", "verify", "--against", tmp_path / "letters").err
    )


class FakeSqs:
    """A queue of SQS that hides what it has handed over, and answers nothing now and then."""

    def __init__(self, bodies: list[str]) -> None:
        self.waiting = dict(enumerate(bodies))
        self.hidden: set[int] = set()
        self.asked = 0

    def receive_message(self, **asked: object) -> dict[str, object]:
        """Give up to three, every second time."""
        assert asked["QueueUrl"] == URL
        self.asked += 1
        if self.asked % 2:
            return {}
        given = [key for key in self.waiting if key not in self.hidden][:3]
        self.hidden |= set(given)
        return {
            "Messages": [
                {"MessageId": f"m{key}", "ReceiptHandle": str(key), "Body": self.waiting[key]}
                for key in given
            ]
        }

    def delete_message(self, **asked: object) -> None:
        """Take one away."""
        assert asked["QueueUrl"] == URL
        del self.waiting[int(str(asked["ReceiptHandle"]))]


URL = "https://sqs.eu-north-1.amazonaws.com/123456789012/logonbell"


@pytest.fixture
def queue(told: list[Telling], monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    """A queue in which the messages wait."""
    fake = FakeSqs([json.dumps(json_of(one)) for one in told])
    monkeypatch.setattr(Aws, "ask", lambda _, request: request(fake))
    return fake


def test_a_queue_is_read_and_left_as_it_is(run: Run, queue: FakeSqs) -> None:
    """All that waits in a queue is looked at, and nothing is taken out of it."""
    said = run("verify", "--queue", URL)
    assert (said.code, said.err) == (0, "")
    assert "the last of 6 messages" in said.out
    assert len(queue.waiting) == 6


def test_a_queue_is_emptied_into_a_file(run: Run, queue: FakeSqs, tmp_path: Path) -> None:
    """What is taken out of a queue is in the file, which proves the same again; what cannot be written stays."""
    assert run("verify", "--queue", URL, "--save-to", tmp_path / "no" / "file").code == 1
    assert len(queue.waiting) == 6
    queue.hidden.clear()
    kept = tmp_path / "kept.jsonl"
    assert run("verify", "--queue", URL, "--save-to", kept).code == 0
    assert queue.waiting == {}
    assert "the last of 6 messages" in run("verify", kept).out


def test_a_queue_that_is_not_reached_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What AWS does not answer is one sentence."""

    def fail(_aws: Aws, _request: object) -> object:
        raise NotAnswered(["AccessDenied"], "not yours")

    monkeypatch.setattr(Aws, "ask", fail)
    said = run("verify", "--queue", URL)
    assert said.code == 1
    assert "cannot be read: AccessDenied: not yours" in said.err
