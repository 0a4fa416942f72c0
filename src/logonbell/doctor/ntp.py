"""How far this machine's clock is off, asked by SNTP (RFC 4330)."""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Callable
from datetime import timedelta

AMAZON = ("169.254.169.123", 123)
"""The Amazon Time Sync Service: on every EC2 instance, without a way to the internet (EC2 User Guide, "Set the time")."""
SECONDS = 1.0
_1970 = 2_208_988_800
_FRACTION = 1 << 32
_SIZE = 48


def offset(now: Callable[[], float], server: tuple[str, int] | None = None) -> timedelta | None:
    """Give how much this clock is behind (positive) or ahead; None where nobody answers.

    ``now`` is seconds since 1970; ``server`` is Amazon's unless given.
    """
    # What the server must repeat: an answer to somebody else's question, or to none, is not taken.
    mark = secrets.token_bytes(8)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
            talk.settimeout(SECONDS)
            talk.connect(server or AMAZON)
            sent = now()
            talk.send(b"\x23" + bytes(39) + mark)  # no leap, version 4, client
            answer = talk.recv(_SIZE * 2)
            taken = now()
    except OSError:
        return None
    if len(answer) < _SIZE or answer[0] & 7 != 4 or not 1 <= answer[1] <= 15 or answer[24:32] != mark:
        return None  # no server's, one that is not synchronised itself, or not ours
    received, replied = (_seconds(answer[at : at + 8]) for at in (32, 40))
    return timedelta(seconds=((received - sent) + (replied - taken)) / 2)


def _seconds(stamp: bytes) -> float:
    whole, fraction = struct.unpack("!II", stamp)
    # The count of seconds overflows in 2036: what lies before 1968 is after it.
    era = 0 if whole & 0x8000_0000 else 1 << 32
    return float(whole + era - _1970) + float(fraction) / _FRACTION
