from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.notifier import LONGEST_DELAY, delay

ALMOST = 1 - 2**-53


def test_delays_double_up_to_five_minutes() -> None:
    """The bound of a wait is 1, 2, 4, ... seconds and never more than five minutes, however long it lasts."""
    bounds = [delay(attempt, jitter=ALMOST) / timedelta(seconds=1) for attempt in range(1, 12)]
    assert bounds == pytest.approx([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
    assert delay(10**9, jitter=ALMOST) <= LONGEST_DELAY


@given(st.integers(min_value=1, max_value=10**6), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_chance_chooses_below_the_bound(attempt: int, jitter: float) -> None:
    """The whole of the wait is up to chance, and nothing but the two numbers handed in decides it."""
    whole = min(300.0, 2.0 ** min(attempt - 1, 20))
    assert delay(attempt, jitter=jitter) == timedelta(seconds=whole) * jitter
