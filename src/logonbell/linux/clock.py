"""Whether something keeps this machine's clock right, as the kernel knows it: chrony, ntpd and timesyncd all tell it."""

from __future__ import annotations

import ctypes
import sys

_ERROR = 5
"""TIME_ERROR: the clock is not synchronised (adjtimex(2))."""
_SIZE = 512
"""More than struct timex has on any Linux; with all of it zero nothing is set."""


def is_synchronised() -> bool | None:
    """Ask the kernel; None where it does not say."""
    if sys.platform != "linux":
        return None
    state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_SIZE)))
    return None if state < 0 else state != _ERROR
