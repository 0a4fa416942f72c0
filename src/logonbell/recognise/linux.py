"""What each line of a Linux host's log is: which reader reads it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from logonbell.recognise.state import Reader

READERS: Mapping[str, Mapping[int, Reader]] = MappingProxyType({})
