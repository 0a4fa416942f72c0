"""The machine that is set up or examined: its commands, its security, and where things stand on it."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import logonbell
from logonbell.windows.commands import Commands
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


def program_places() -> list[Path]:
    """Name all from which Python takes the code of this program: whoever may write there is SYSTEM, once it runs."""
    paths = sysconfig.get_paths()
    named = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
    package = Path(logonbell.__file__).parent
    own = [sys.executable, sys.prefix, sys.base_prefix, *(paths[one] for one in named)]
    return [*dict.fromkeys(Path(one) for one in own), package]


if sys.platform == "win32":
    from logonbell.windows.commands import Programs
    from logonbell.windows.folders import program_data, system_folder
    from logonbell.windows.security import OwnSecurity

    def this_machine() -> Windows:
        """Give the machine that this process runs on."""
        run, folder = Programs(system_folder()), program_data() / "logonbell"
        return Windows(run, OwnSecurity(), folder, sys.executable, program_places())
