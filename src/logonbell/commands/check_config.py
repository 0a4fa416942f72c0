"""``logonbell check-config``: every mistake of the settings at once."""

from __future__ import annotations

from pathlib import Path

from logonbell.commands.composition import settings
from logonbell.commands.desk import Desk
from logonbell.sentence import say


def check_config(desk: Desk, config_path: Path) -> int:
    """Read the settings and say that they are right; what is wrong is ``Refused``. Returns the exit code."""
    settings(desk, config_path)
    desk.say(say("{file} is right.", file=str(config_path)))
    return 0
