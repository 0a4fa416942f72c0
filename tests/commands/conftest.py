from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from logonbell.cli import main
from said import Said


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
