from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from logonbell.alert import Level
from logonbell.demo.letter import Letter
from logonbell.demo.mailbox import Mailbox

LETTER = Letter("", "", datetime(2026, 5, 4, tzinfo=UTC), Level.LOW, 1, (1,), burst=False)


def test_letters_come_in_order() -> None:
    """What came is given once, in its order; an empty box gives nothing."""
    with Mailbox() as mailbox:
        mailbox.receive([LETTER, LETTER])
    assert mailbox.take() == [LETTER, LETTER]
    assert mailbox.take() == []


def test_what_ends_the_receiving_is_told() -> None:
    """An error is not lost in its thread."""

    def letters() -> Iterator[Letter]:
        yield LETTER
        raise ConnectionError("gone")

    with Mailbox() as mailbox:
        mailbox.receive(letters())
    with pytest.raises(ConnectionError, match="gone"):
        mailbox.take()
