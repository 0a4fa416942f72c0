"""Where reading stopped, as it is kept: one line of JSON."""

from __future__ import annotations

from typing import Annotated, Self

import msgspec

from logonbell.decoding import decode

Count = Annotated[int, msgspec.Meta(ge=0)]


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a source knows of the place at which it stopped; without anything, in front of the oldest record."""

    version: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1

    @property
    def text(self) -> str:
        """How it is kept."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def of(cls, text: str | None) -> Self | None:
        """Read what was kept; None where it is damaged or foreign."""
        if text is None:
            return cls()
        try:
            return decode(text, cls)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
