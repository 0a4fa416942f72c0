"""A stream for people: it takes every text, whatever its encoding can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from logonbell.sentence import say
from logonbell.text.escape import fit
from logonbell.text.language import speak


class Terminal:
    """Writes text to a stream, showing what the stream's encoding cannot hold as a visible escape.

    It has what ``print(file=...)`` and rich ask of a file. Errors of the stream itself (a closed pipe: OSError, a
    closed file: ValueError) come through.
    """

    def __init__(self, stream: TextIO, environment: Mapping[str, str]) -> None:
        self._stream = stream
        self._plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"

    @property
    def encoding(self) -> str:
        """The stream's encoding; one that holds everything where it has none, such as a StringIO."""
        return self._stream.encoding or "utf-8"

    @property
    def colour(self) -> bool:
        """Whether a person looks at it who did not ask for plain text (no-color.org)."""
        return not self._plain and self.isatty()

    def fit(self, text: str) -> str:
        """Give ``text`` as this stream will show it, so that it can be measured before it is written."""
        return fit(text, self.encoding)

    def language(self, wanted: str) -> str:
        """Choose ``wanted`` where the stream can hold its letters, English where it would be all escapes."""
        sample = speak(say("User"), wanted)
        return wanted if self.fit(sample) == sample else "en"

    def write(self, text: str) -> int:
        """Write ``text``, and give its length as files do."""
        self._stream.write(self.fit(text))
        return len(text)

    def line(self, text: str = "") -> None:
        """Write ``text`` and end the line."""
        self.write(f"{text}\n")

    def flush(self) -> None:
        """Hand over what is still held back."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Tell whether a person looks at it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Give the file's number; OSError where there is none."""
        return self._stream.fileno()
