"""Stages in memory."""

from __future__ import annotations

import io

from rich.console import Console

from logonbell.demo.lines import Lines
from logonbell.demo.screen import Screen
from logonbell.text.terminal import Terminal


def lines(language: str = "en") -> tuple[Lines, io.StringIO]:
    """Give a stage of plain lines, and where they go."""
    stream = io.StringIO()
    return Lines(Terminal(stream, {}), language), stream


def screen(width: int, height: int, language: str = "en") -> tuple[Screen, Console]:
    """Give a stage for a person, and the terminal that keeps what was printed."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        height=height,
        record=True,
        force_terminal=True,
        highlight=False,
        _environ={},
    )
    return Screen(console, language, lambda _: None), console
