"""What was there before: written down ahead of each change, so that it can be put back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logonbell.errors import Refused
from logonbell.sentence import say


class Record:
    """What each step that was done found, by its name, in the order in which they were done. Values are JSON's own.

    What stood there before the first of several installs is what counts; a later one does not change it.
    """

    def __init__(self, path: Path) -> None:
        """Raises ``Refused`` for a record that is there and cannot be read."""
        self._path = path
        self._before: dict[str, Any] = {}
        try:
            found = json.loads(path.read_text("utf-8"))["before"]
            self._before = dict(found)
        except FileNotFoundError:
            return
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise Refused(
                say("{path} cannot be read ({why}).", path=str(path), why=str(error)),
                say(
                    "It says what logonbell changed here. Run this as an administrator; if it is damaged, delete it, and"
                    " what was changed stays."
                ),
            ) from error

    @property
    def before(self) -> Mapping[str, Any]:
        """What the steps that were done found."""
        return self._before

    def note(self, name: str, found: Any) -> None:
        """Note what a step found, unless an earlier install did, and keep it."""
        self._before.setdefault(name, found)
        self.keep()

    def drop(self, name: str) -> None:
        """Forget a step that was taken back."""
        self._before.pop(name, None)
        self.keep()

    def keep(self) -> None:
        """Write it down whole or not at all; not before its folder is there, nor once that is gone."""
        if not self._path.parent.is_dir():
            return
        beside = self._path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump({"before": self._before}, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
