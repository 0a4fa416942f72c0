from __future__ import annotations

import socket
from pathlib import Path

import pytest

from logonbell.demo import emulator
from logonbell.demo.emulator import Emulator


@pytest.mark.rig
@pytest.mark.skipif(not Emulator.installed(), reason="without the extra `demo` there is no emulator")
def test_a_port_that_is_taken_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody else was faster to take the port that was free, the emulator starts on another."""
    free_port = emulator._free_port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken: int = other.getsockname()[1]
        ports = [taken]
        monkeypatch.setattr(emulator, "_free_port", lambda: ports.pop() if ports else free_port())
        with Emulator(tmp_path) as started:
            assert started.url.endswith(f":{taken}")
            assert started.ready()
            assert not started.url.endswith(f":{taken}")
