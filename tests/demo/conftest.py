"""A stage in memory, and a clock that nobody has to wait for."""

from __future__ import annotations

import pytest

from fakes import FakeClock
from logonbell.agent import utc_now


@pytest.fixture
def clock() -> FakeClock:
    """Begins now; a pause takes no time at all, and the clock goes on by it."""
    return FakeClock(utc_now())
