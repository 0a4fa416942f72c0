"""Where the receiver's letters come in, while other things happen."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Self

from logonbell.demo.letter import Letter


class Mailbox:
    """Takes letters in a thread of its own. The thread ends with what it reads from; as a context that is waited for."""

    def __init__(self) -> None:
        self._came: SimpleQueue[Letter | Exception] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(timeout=5)

    def receive(self, letters: Iterable[Letter]) -> None:
        """Begin to take ``letters``, which end or raise when what they are read from is gone."""
        thread = threading.Thread(target=self._receive, args=(letters,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def take(self, seconds: float = 0.0) -> list[Letter]:
        """Give what has come; wait for it so long at most. Raises what ended the receiving."""
        taken: list[Letter] = []
        with suppress(Empty):
            item = self._came.get(timeout=seconds) if seconds else self._came.get_nowait()
            while True:
                if isinstance(item, Exception):
                    raise item
                taken.append(item)
                item = self._came.get_nowait()
        return taken

    def _receive(self, letters: Iterable[Letter]) -> None:
        try:
            for letter in letters:
                self._came.put(letter)
        except Exception as error:  # noqa: BLE001 - handed to who takes the letters
            self._came.put(error)
