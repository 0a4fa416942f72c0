"""The clock is compared with a time server's, and only with one that answers us."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from logonbell.doctor import ntp
from logonbell.doctor.host import of_clock
from logonbell.notifiers.check import Mark

HERE = 1_772_539_200.0
"""2026-03-03, in seconds since 1970."""
Answer = Callable[[bytes], bytes]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, int]]:
    """A time server on loopback that answers once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(5)

        def serve() -> None:
            asked, who = heard.recvfrom(100)
            heard.sendto(answer(asked), who)

        thread = threading.Thread(target=serve)
        thread.start()
        yield heard.getsockname()
        thread.join()


def stamp(seconds: float) -> bytes:
    """A moment as NTP writes it."""
    whole = int(seconds) + 2_208_988_800
    return struct.pack("!II", whole & 0xFFFFFFFF, int(seconds % 1 * 2**32))


def told(seconds: float, *, stratum: int = 3, first: int = 0x24) -> Answer:
    """Answer that it is so late."""
    return lambda asked: bytes([first, stratum]) + bytes(22) + asked[40:48] + stamp(seconds) * 2


@pytest.mark.parametrize("off", [0.0, 0.25, -3.5, 400.0, 86_400.0])
def test_the_offset_is_what_the_server_says(off: float) -> None:
    """Behind is positive, ahead is negative, to the millisecond."""
    with server(told(HERE + off)) as address:
        found = ntp.offset(lambda: HERE, address)
    assert found is not None
    assert abs(found - timedelta(seconds=off)) < timedelta(milliseconds=1)


def test_after_the_overflow_of_2036() -> None:
    """NTP's count begins anew in 2036; the clock is not off by 136 years then."""
    later = 2_100_000_000.0
    with server(told(later + 1)) as address:
        assert ntp.offset(lambda: later, address) == timedelta(seconds=1)


@pytest.mark.parametrize(
    "answer",
    [
        told(HERE, stratum=0),
        told(HERE, stratum=16),
        told(HERE, first=0x23),
        lambda asked: told(HERE)(asked)[:40],
        lambda _: told(HERE)(bytes(40) + b"another!"),
        lambda _: b"",
    ],
)
def test_what_is_no_answer_is_none(answer: Answer) -> None:
    """A server that is not set itself, a torn packet, an answer to another's question: none of it moves our judgement."""
    with server(answer) as address:
        assert ntp.offset(lambda: HERE, address) is None


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from EC2 nobody answers; that is not known, and no failure."""
    monkeypatch.setattr(ntp, "SECONDS", 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        assert ntp.offset(lambda: HERE, deaf.getsockname()) is None
    assert of_clock(None).mark is Mark.UNKNOWN


@pytest.mark.parametrize(
    ("seconds", "mark"), [(0.2, Mark.GOOD), (-30, Mark.CARE), (300, Mark.BAD), (-4000, Mark.BAD)]
)
def test_how_far_is_too_far(seconds: float, mark: Mark) -> None:
    """From five minutes on AWS refuses what is signed."""
    assert of_clock(timedelta(seconds=seconds)).mark is mark
