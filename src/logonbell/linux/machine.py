"""The machine that is set up or examined: its programs, and where things stand on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from logonbell.linux.guarded import ROOT, folders_within
from logonbell.linux.unit import NAME
from logonbell.places import program_places
from logonbell.programs import Commands, Programs


@dataclass(frozen=True, slots=True)
class Linux:
    """One machine, whose files stand below ``root``. ``python`` runs logonbell, which stands in ``places``.

    ``run`` runs the programs of /usr/bin, ``serve`` those of /usr/sbin; ``trusted`` are the ids of the users who may change
    what is installed.
    """

    run: Commands
    serve: Commands
    python: str
    places: Sequence[Path]
    is_root: bool
    root: Path = Path("/")
    trusted: Collection[int] = ROOT

    @property
    def folder(self) -> Path:
        """The folder of settings."""
        return self.root / "etc" / "logonbell"

    @property
    def settings(self) -> Path:
        """The file of settings that the unit reads."""
        return self.folder / "logonbell.toml"

    @property
    def record(self) -> Path:
        """What ``install`` remembers of how it was before."""
        return self.folder / "installed.json"

    @property
    def state(self) -> Path:
        """The folder of state, unless the settings name another."""
        return self.root / "var" / "lib" / "logonbell"

    @property
    def unit(self) -> Path:
        """The file of the unit."""
        return self.root / "etc" / "systemd" / "system" / NAME

    @property
    def has_systemd(self) -> bool:
        """Whether systemd runs this machine (sd_booted(3))."""
        return (self.root / "run" / "systemd" / "system").is_dir()


if sys.platform != "win32":

    def this_machine() -> Linux:
        """Give the machine that this process runs on."""
        places = program_places()
        if sys.prefix != sys.base_prefix:
            places += folders_within(Path(sys.prefix))
        run, serve = (Programs(Path(one), ending="", encoding="utf-8") for one in ("/usr/bin", "/usr/sbin"))
        return Linux(run, serve, sys.executable, places, os.geteuid() == 0)
