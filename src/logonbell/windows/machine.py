"""The machine that is set up or examined: its commands, its security, and where things stand on it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from logonbell.programs import Commands
from logonbell.windows.security import Security


@dataclass(frozen=True, slots=True)
class Windows:
    r"""One machine. ``folder`` is ``%ProgramData%\logonbell``; ``python`` runs logonbell, which stands in ``places``."""

    run: Commands
    security: Security
    folder: Path
    python: str
    places: Sequence[Path]

    @property
    def settings(self) -> Path:
        """The file of settings that the task reads."""
        return self.folder / "logonbell.toml"

    @property
    def record(self) -> Path:
        """What ``install`` remembers of how it was before."""
        return self.folder / "installed.json"

    @property
    def log(self) -> Path:
        """What the agent says."""
        return self.folder / "log" / "logonbell.log"


if sys.platform == "win32":
    from logonbell.places import program_places
    from logonbell.programs import Programs
    from logonbell.windows.folders import program_data, system_folder
    from logonbell.windows.security import OwnSecurity

    def this_machine() -> Windows:
        """Give the machine that this process runs on."""
        run, folder = Programs(system_folder()), program_data() / "logonbell"
        return Windows(run, OwnSecurity(), folder, sys.executable, program_places())
