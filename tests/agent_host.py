"""A program that is run in this process, on the state folder of an agent that has alerts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logonbell.cli import main
from logonbell.store.outbox import Outbox
from notifications import notification
from reading import pending


@dataclass
class Said:
    """What a run ended with, and what it said."""

    code: int
    out: str
    err: str


@dataclass
class Host:
    """A host with an agent: its settings, its state folder, and the program."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __post_init__(self) -> None:
        """Write the settings."""
        self.config = self.folder / "logonbell.toml"
        self.config.write_text(
            "state = 'state'\ntimezone = 'UTC'\n[notify.sns]\n"
            "topic_arn = 'arn:aws:sns:eu-north-1:123456789012:logonbell'\nendpoint_url = 'http://127.0.0.1:9'\n",
            encoding="utf-8",
        )

    def run(self, *arguments: object) -> Said:
        """Run the program."""
        self.capsys.readouterr()
        code = main([*map(str, arguments), "--config", str(self.config)])
        said = self.capsys.readouterr()
        return Said(code, said.out, said.err)

    @contextmanager
    def outbox(self) -> Iterator[Outbox]:
        """Open the outbox as the agent does."""
        outbox = Outbox.open(self.folder / "state", now=datetime.now(UTC))
        try:
            yield outbox
        finally:
            outbox.close()

    def take(self) -> None:
        """Let the notifier SNS take all that waits."""
        now = datetime.now(UTC)
        with self.outbox() as outbox:
            for delivery in pending(outbox, "sns", now):
                outbox.tellings.delivered(delivery, "taken", now)

    def ring(self, *numbers: int, age: float = 0.0, notifiers: Sequence[str] = ("console", "sns")) -> None:
        """Let alerts of these numbers come, of logons so many seconds ago, for these notifiers."""
        now = datetime.now(UTC)
        alerts = [notification(n, time=now - timedelta(seconds=age)).alert for n in numbers]
        with self.outbox() as outbox:
            outbox.commit(
                bookmarks={},
                snapshot="",
                findings=[],
                alerts=alerts,
                notifiers=notifiers,
                read=now,
            )
