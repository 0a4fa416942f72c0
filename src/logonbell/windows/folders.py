"""Where Windows keeps its own, asked of Windows: an environment variable is what whoever logged on made of it."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.platform == "win32":
    from win32api import GetSystemDirectory
    from win32comext.shell import shell

    def system_folder() -> Path:
        """Give the folder of Windows' own commands."""
        return Path(GetSystemDirectory())

    def program_data() -> Path:
        """Give the folder for what programs keep for all users."""
        return Path(shell.SHGetKnownFolderPath(shell.FOLDERID_ProgramData))

    def program_files() -> Path:
        """Give the folder of programs, to which plain users may not write."""
        return Path(shell.SHGetKnownFolderPath(shell.FOLDERID_ProgramFiles))
