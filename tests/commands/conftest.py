"""A host whose agent has been here."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_host import Host


@pytest.fixture
def host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Host:
    """Give a host whose agent has rung once."""
    host = Host(tmp_path, capsys)
    host.ring(1)
    return host
