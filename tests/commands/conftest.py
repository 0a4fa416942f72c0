"""A host whose agent has been here, and the program run in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent_host import Host
from logonbell.cli import main
from said import Said


@pytest.fixture
def host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Host:
    """Give a host whose agent has rung once."""
    host = Host(tmp_path, capsys)
    host.ring(1)
    return host


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the program in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    """Write settings whose state stands beside them."""

    def config(text: str) -> Path:
        path = tmp_path / "logonbell.toml"
        path.write_text(f"state = '{tmp_path / 'state'}'\n{text}", encoding="utf-8")
        return path

    return config
