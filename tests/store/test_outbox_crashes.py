"""What the outbox promises where a process ends between any two statements: what it did is done, or it is not."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from logonbell.notification import DigestKind
from logonbell.pace import FIRST, Bundle
from logonbell.sentence import say
from logonbell.source import Loss
from logonbell.store.outbox import Outbox
from notifications import HOST_ID, NOON, notification
from reading import NOTIFIERS, SOURCE

WHY = say("nobody is there")
LATER = NOON + timedelta(days=1)


@dataclass
class Message:
    """What the model knows of a message that was begun."""

    notifier: str
    alerts: tuple[int, ...]
    state: str = "pending"
    attempts: int = 0


@dataclass
class Model:
    """What an outbox holds: as little as can be said of it."""

    read: int = 0
    numbers: list[int] = field(default_factory=list)
    """The events that rang, in order: the n-th has the number n."""
    waiting: dict[str, list[int]] = field(default_factory=lambda: {notifier: [] for notifier in NOTIFIERS})
    messages: dict[int, Message] = field(default_factory=dict)
    losses: int = 0
    dropped: int = 0
    """Alerts that a remark says were dropped."""
    memory: str | None = None

    def ring(self, event: int) -> None:
        """Let an event ring, unless it did before."""
        if event not in self.numbers:
            self.numbers.append(event)
            for notifier in NOTIFIERS:
                self.waiting[notifier].append(event)


def seen(outbox: Outbox) -> Model:
    """Read the same from an outbox."""
    rows = outbox._database.rows
    model = Model(int(outbox.bookmark(SOURCE) or 0))
    assert (outbox.snapshot() or "held at 0") == f"held at {model.read}"
    history = [record for (record,) in rows("select record_id from finding order by id")]
    assert history == [str(1000 + number) for number in range(1, model.read + 1)]
    stories = sorted(outbox.fates.recent(10_000), key=lambda story: story.sequence)
    assert [story.sequence for story in stories] == list(range(1, len(stories) + 1))
    assert outbox.state().sequences == ({HOST_ID: len(stories)} if stories else {})
    events: dict[int, int] = {}
    for story in stories:
        assert story.alert is not None
        model.numbers.append(events.setdefault(story.sequence, story.alert.finding.main.record_id - 1000))
    for key, notifier, state, attempts in rows("select id, notifier, state, attempts from telling"):
        told = rows(
            "select sequence from alert join delivery on alert = id where telling = ? order by alert", (key,)
        )
        model.messages[key] = Message(notifier, tuple(events[number] for (number,) in told), state, attempts)
    for sequence, notifier in rows(
        "select sequence, notifier from alert join delivery on alert = id where telling is null order by alert"
    ):
        model.waiting[notifier].append(events[sequence])
    for kind, alerts in rows("select kind, sum(count) from remark group by kind"):
        match kind:
            case "lost":
                model.losses = alerts
            case "dropped":
                model.dropped = alerts
            case _:
                raise AssertionError(kind)
    with outbox.inspect() as inspection:
        assert not list(inspection.flaws())
    model.memory = outbox.memory.recall("what")
    return model


Change = Callable[[Model], object]


class OutboxThatCrashes(RuleBasedStateMachine):
    """Random operations; before any statement of one the process may end, and the next one opens what it left."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.root = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.folders = itertools.count()
        self.folder = self.root / str(next(self.folders))
        self.model = Model()

    @initialize()
    def open(self) -> None:
        """Open it."""
        self.outbox = Outbox.open(self.folder, now=NOON)
        assert self.outbox.recovered is None
        self.outbox._database.change("pragma synchronous = off")  # a process that ends takes nothing back

    def teardown(self) -> None:
        """Leave nothing open or behind."""
        self.outbox.close()
        self.stack.close()

    def do(self, crash: int | None, operation: Callable[[], Any], *changes: Change) -> None:
        """Do an operation, which changes the model step by step; with ``crash``, end before a statement of it."""
        models = [self.model]
        for change in changes:
            change(after := deepcopy(models[-1]))
            models.append(after)
        left: list[Path] = []

        def leave(_: str) -> None:
            left.append(self.root / str(next(self.folders)))
            shutil.copytree(self.folder, left[-1])

        connection: sqlite3.Connection = self.outbox._database._connection
        connection.set_trace_callback(None if crash is None else leave)
        operation()
        connection.set_trace_callback(None)
        self.model = models[-1]
        if crash is not None and left:
            self.outbox.close()
            self.folder = left[crash % len(left)]
            self.open()
            self.model = seen(self.outbox)
            assert self.model in models

    crashes = st.none() | st.integers(1, 30)

    @rule(crash=crashes, rings=st.lists(st.integers(1, 6), max_size=3), lost=st.booleans())
    def commit(self, *, crash: int | None, rings: list[int], lost: bool) -> None:
        """Read one more event, and let events ring."""
        number = self.model.read + 1

        def change(model: Model) -> None:
            model.read = number
            model.losses += lost
            for event in rings:
                model.ring(event)

        self.do(
            crash,
            lambda: self.outbox.commit(
                bookmarks={SOURCE: str(number)},
                snapshot=f"held at {number}",
                findings=[notification(number).alert.finding],
                alerts=[notification(event).alert for event in rings],
                notifiers=NOTIFIERS,
                read=NOON,
                newest={SOURCE: number},
                losses=[Loss("Security", say("a record is missing"), 1)] if lost else [],
            ),
            change,
        )

    @rule(crash=crashes, notifier=st.sampled_from(NOTIFIERS), size=st.integers(1, 3))
    def begin(self, *, crash: int | None, notifier: str, size: int) -> None:
        """Begin messages for what waits, each for so many alerts."""
        rows = self.outbox.tellings.waiting(notifier)
        bundles = [
            Bundle(
                tuple(row.key for row in part),
                part[0].level,
                DigestKind.STORM if len(part) > 1 else None,
                part[0].kind,
                FIRST,
            )
            for part in (rows[start : start + size] for start in range(0, len(rows), size))
        ]

        def change(model: Model) -> None:
            waiting = model.waiting[notifier]
            while waiting:
                part, waiting[:] = tuple(waiting[:size]), waiting[size:]
                model.messages[max(model.messages, default=0) + 1] = Message(notifier, part)

        self.do(crash, lambda: self.outbox.tellings.begin(notifier, bundles, NOON), change)

    @rule(
        crash=crashes,
        notifier=st.sampled_from(NOTIFIERS),
        answers=st.lists(st.sampled_from(["delivered", "pending", "buried"]), min_size=1, max_size=3),
        together=st.booleans(),
    )
    def mark(self, *, crash: int | None, notifier: str, answers: list[str], together: bool) -> None:
        """Mark what came of some messages, together or one by one."""
        tellings = self.outbox.tellings
        marks = list(zip(tellings.due(notifier, LATER, len(answers)), answers, strict=False))

        def operation() -> None:
            with self.outbox.together() if together else ExitStack():
                for delivery, answer in marks:
                    match answer:
                        case "delivered":
                            tellings.delivered(delivery, "receipt", NOON)
                        case "buried":
                            tellings.bury(delivery, WHY, NOON)
                        case _:
                            tellings.postpone(delivery, WHY, NOON, NOON)

        def marked(key: int, answer: str) -> Change:
            def change(model: Model) -> None:
                model.messages[key].state = answer
                model.messages[key].attempts += 1

            return change

        def all_marked(model: Model) -> None:
            for delivery, answer in marks:
                marked(delivery.key, answer)(model)

        one_by_one = [marked(delivery.key, answer) for delivery, answer in marks]
        self.do(crash, operation, *([all_marked] if together else one_by_one))

    @rule(crash=crashes, notifier=st.sampled_from(NOTIFIERS))
    def drop(self, *, crash: int | None, notifier: str) -> None:
        """Let a notifier tell nothing of what it did not deliver."""

        def change(model: Model) -> None:
            for message in model.messages.values():
                if message.notifier == notifier and message.state in {"pending", "buried"}:
                    message.state = "dropped"
                    model.dropped += len(message.alerts)
            model.dropped += len(model.waiting[notifier])
            if waiting := model.waiting[notifier]:
                key = max(model.messages, default=0) + 1
                model.messages[key] = Message(notifier, tuple(waiting), "dropped")
                model.waiting[notifier] = []

        self.do(crash, lambda: self.outbox.tellings.drop_all(notifier, WHY, NOON), change)

    @rule(crash=crashes, message=st.integers(1, 4))
    def drop_one(self, *, crash: int | None, message: int) -> None:
        """Let nobody be told by one message."""

        def change(model: Model) -> None:
            dropped = model.messages.get(message)
            if dropped and dropped.state in {"pending", "buried"}:
                dropped.state = "dropped"
                model.dropped += len(dropped.alerts)

        self.do(crash, lambda: self.outbox.tellings.drop(message, WHY, NOON), change)

    @rule(crash=crashes, message=st.integers(1, 4))
    def retry(self, *, crash: int | None, message: int) -> None:
        """Try a message again that was given up."""

        def change(model: Model) -> None:
            if message in model.messages and model.messages[message].state == "buried":
                model.messages[message].state = "pending"

        self.do(crash, lambda: self.outbox.tellings.retry(message), change)

    @rule(crash=crashes, event=st.integers(1, 8), word=st.text(max_size=3), together=st.booleans())
    def ring(self, *, crash: int | None, event: int, word: str, together: bool) -> None:
        """Let logonbell itself ring, and remember something, with it or before."""

        def operation() -> None:
            with self.outbox.together() if together else ExitStack():
                self.outbox.memory.remember("what", word, NOON)
                self.outbox.ring([notification(event).alert], NOTIFIERS, NOON)

        def remember(model: Model) -> None:
            model.memory = word

        def both(model: Model) -> None:
            remember(model)
            model.ring(event)

        self.do(crash, operation, *([both] if together else [remember, both]))

    @rule(crash=crashes)
    def close_and_open(self, *, crash: int) -> None:
        """Restart; or renew the copy, in the middle of which it may end, too."""
        self.do(crash, lambda: self.outbox.renew_copy(NOON))
        self.outbox.close()
        self.open()

    @invariant()
    def agrees(self) -> None:
        """It holds what the model says."""
        assert seen(self.outbox) == self.model


def test_neither_an_alert_nor_a_message_is_begun_by_half(
    opened: Callable[[], Outbox], tmp_path: Path
) -> None:
    """Ended before each of their statements, an alert of our own and a message are there with all that belongs to them, or not."""
    outbox = opened()
    folder = outbox._database.path.parent
    left: list[Path] = []

    def leave(_: str) -> None:
        left.append(shutil.copytree(folder, tmp_path / str(len(left))))

    def begin() -> None:
        (row,) = outbox.tellings.waiting("sns")
        outbox.tellings.begin("sns", [Bundle((row.key,), row.level, None, row.kind, FIRST)], NOON)

    models = [seen(outbox)]
    for operation in (lambda: outbox.ring([notification(1).alert], NOTIFIERS, NOON), begin):
        outbox._database._connection.set_trace_callback(leave)
        operation()
        outbox._database._connection.set_trace_callback(None)
        models.append(seen(outbox))
    found = []
    for each in left:
        with closing(Outbox.open(each, now=NOON)) as one:
            found.append(seen(one))
    assert all(model in models for model in found)
    assert models[0] in found
    assert models[1] in found


class TestOutboxThatCrashes(OutboxThatCrashes.TestCase):  # type: ignore[misc, valid-type]
    """Ended between any two statements, the outbox holds what it held before the operation, or behind it; never between."""

    settings = settings(max_examples=5, stateful_step_count=12)


@pytest.mark.rig
class TestOutboxThatCrashesAgainAndAgain(TestOutboxThatCrashes):
    """The same, in longer stories."""

    settings = settings(max_examples=200, stateful_step_count=30)
