"""Takes the pictures of the demo for the README: ``python tools/picture.py``. It takes about a minute.

They are of a real run on a terminal of 110 columns: what a person sees when it has ended, without the whole message and its explanation.
"""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console

from logonbell.agent import utc_now
from logonbell.demo.bastion import SECONDS, usual_day
from logonbell.demo.emulator import Emulator
from logonbell.demo.letter import Letter
from logonbell.demo.panels import Panels
from logonbell.demo.play import put_on
from logonbell.demo.screen import Screen
from logonbell.sentence import Sentence

DOCS = Path(__file__).resolve().parent.parent / "docs"
PICTURES = {"en": DOCS / "demo.svg", "ja": DOCS / "demo.ja.svg"}
WIDTH, HEIGHT = 110, 26


class Still(Screen):
    """A screen that shows the day when it is over, and leaves out the whole message and why it rang, which would fill the picture."""

    def busy(self, what: Sentence) -> AbstractContextManager[object]:
        """Show nothing that passes."""
        del what
        return nullcontext()

    @contextmanager
    def moving(self, panels: Panels) -> Iterator[None]:
        """Draw the panels once."""
        yield
        self.console.print(panels.draw())

    def show(self, letter: Letter) -> None:
        """Show nothing of it."""

    def explain(self, command: str, lines: Sequence[str]) -> None:
        """Show nothing of it."""


def main() -> int:
    """Take them one after the other; 3 if a run found a fault."""
    faults = 0
    for language, path in PICTURES.items():
        console = Console(
            file=io.StringIO(), width=WIDTH, height=HEIGHT, record=True, force_terminal=True, highlight=False
        )
        stage = Still(console, language, lambda _: None)
        day = usual_day()
        verdict = put_on(
            stage, day, seconds=SECONDS, clock=utc_now, pause=time.sleep, emulate=Emulator.installed()
        )
        faults += not verdict.holds
        path.write_text(console.export_svg(title="logonbell demo"), encoding="utf-8")
    return 3 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
