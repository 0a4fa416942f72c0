"""``logonbell demo``: a bastion's day, what the recipe mails and what logonbell rings, and a night in which it is attacked."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO, cast

from logonbell.agent import utc_now
from logonbell.commands.desk import OURS, Desk
from logonbell.demo.bastion import SECONDS, usual_day
from logonbell.demo.emulator import Emulator
from logonbell.demo.lines import Lines
from logonbell.demo.play import put_on
from logonbell.demo.stage import Stage


def demo(desk: Desk, *, pause: Callable[[float], object] = time.sleep) -> int:
    """Put the demo on where the desk speaks. Returns the exit code."""
    with _ended_cleanly():
        verdict = put_on(
            _stage(desk, pause),
            usual_day(),
            seconds=SECONDS,
            clock=utc_now,
            pause=pause,
            emulate=Emulator.installed(),
        )
    return 0 if verdict.holds else OURS


def _stage(desk: Desk, pause: Callable[[float], object]) -> Stage:
    if not desk.out.colour:
        return Lines(desk.out, desk.language)
    from rich.console import Console  # noqa: PLC0415 - 100 ms, only for a person at a terminal

    from logonbell.demo.screen import LOWEST, NARROWEST, Screen  # noqa: PLC0415 - likewise

    console = Console(file=cast("IO[str]", desk.out), highlight=False)
    if console.width < NARROWEST or console.height < LOWEST:
        return Lines(desk.out, desk.language)
    return Screen(console, desk.out.language(desk.language), pause)


@contextmanager
def _ended_cleanly() -> Iterator[None]:
    """Let whoever ends the demo, or closes its window, leave no process and no folder behind; asking twice ends it no sooner."""

    def asked(_number: int, _frame: FrameType | None) -> None:
        for number in asks:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asks = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, asked) for number in asks}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
