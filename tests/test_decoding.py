"""JSON is read by several threads that meet a kind at once."""

from __future__ import annotations

import subprocess
import sys

RACE = """
import sys, threading
import msgspec
from logonbell.decoding import convert, decode

sys.setswitchinterval(1e-6)
for number in range(50):
    inner = msgspec.defstruct(f"Inner{number}", [(f"f{each}", int | None, None) for each in range(30)])
    outer = msgspec.defstruct(f"Outer{number}", [(f"g{each}", list[inner], []) for each in range(30)])
    start = threading.Barrier(4)

    def read():
        start.wait()
        assert decode(b'{"g7": [{"f29": 1}]}', outer).g7[0].f29 == 1
        assert convert({"g0": [{"f3": 2}]}, outer).g0[0].f3 == 2

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_that_meet_a_kind_at_once_read_it() -> None:
    """With msgspec's own functions this process ends with a segmentation fault, as `watch` did once in a thousand starts."""
    ended = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
