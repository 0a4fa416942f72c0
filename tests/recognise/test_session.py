"""The number by which an SSM session is known in each of its records."""

from __future__ import annotations

import pytest

from logonbell.recognise.session import record_id_of


@pytest.mark.parametrize(
    ("session_id", "record_id"),
    [
        ("mori-0a1b2c3d4e5f60718", 162_517_385_557_758),
        ("", 250_348_346_448_124),
        ("森-0a1b2c3d4e5f60718", 190_434_603_089_607),
        ("mori\ud800-0a1b2c3d4e5f60718", 238_289_298_763_331),
    ],
)
def test_a_sessions_number_stays_what_it_is(session_id: str, record_id: int) -> None:
    """It is part of the fingerprint: another one after an upgrade would ring again. Half a character is no obstacle."""
    assert record_id_of(session_id) == record_id
