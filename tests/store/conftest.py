"""A state folder, and the outboxes that a test leaves open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from logonbell.store.outbox import Outbox
from notifications import NOON

Opener = Callable[[], Outbox]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state folder that does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    """Closes at the end what a test opened."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def opened(folder: Path, closing: ExitStack) -> Callable[[datetime], Outbox]:
    """Opens the outbox of the folder at a given time, after closing the one before."""

    def open_again(now: datetime = NOON) -> Outbox:
        closing.close()
        outbox = Outbox.open(folder, now=now)
        closing.callback(outbox.close)
        return outbox

    return open_again
