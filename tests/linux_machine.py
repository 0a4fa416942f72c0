"""A stand-in for systemd's commands on a Linux below a folder, that refuses what systemd refuses."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from logonbell.errors import Refused
from logonbell.linux.machine import Linux
from logonbell.programs import Answer
from logonbell.sentence import say

NAME = "logonbell.service"


class FakeLinux:
    """Remembers what was told to systemd. ``broken``: the agent ends before it is ready, and says this."""

    def __init__(self, root: Path, *, version: int = 252) -> None:
        self.root = root
        self.version = version
        self.is_root = True
        self.loaded: str | None = None
        self.wanted = False
        self.active = False
        self.broken = ""
        self.told: dict[str, str] = {}
        self.said: dict[str, Callable[[Sequence[str]], Answer]] = {}
        self.called: list[tuple[str, ...]] = []
        root.mkdir(mode=0o755)
        for folder in ("etc/systemd/system", "var/lib", "run/systemd/system", "opt/logonbell"):
            path = root
            for name in folder.split("/"):
                path = path / name
                path.mkdir(mode=0o755, exist_ok=True)

    def machine(self) -> Linux:
        """Give the machine that is tried; the program stands in /opt, which is this user's."""
        place = self.root / "opt" / "logonbell"
        trusted = {0, os.getuid()}
        return Linux(self, self, str(place / "bin" / "python"), (place,), self.is_root, self.root, trusted)

    def __call__(self, program: str, *arguments: str) -> Answer:
        """Run a command."""
        self.called.append((program, *arguments))
        if program == "systemctl":
            return self._systemctl(arguments)
        if program in self.said:
            return self.said[program](arguments)
        if program == "journalctl":
            return Answer(0, f"{self.broken}\n", "")
        raise Refused(say("{program} cannot be run.", program=program), say("Install it."))

    @property
    def starts(self) -> int:
        """How often it was started."""
        return sum(call[:2] == ("systemctl", "restart") for call in self.called)

    def _systemctl(self, arguments: Sequence[str]) -> Answer:
        match arguments:
            case ["--version"]:
                return Answer(0, f"systemd {self.version} ({self.version}.38-1~deb12u1)\n+PAM +AUDIT\n", "")
            case ["is-enabled", _]:
                return Answer(0, "enabled\n", "") if self.wanted else Answer(1, "disabled\n", "")
            case ["is-active", _]:
                return Answer(0, "active\n", "") if self.active else Answer(3, "inactive\n", "")
            case ["show", _, *asked]:
                told = {"ActiveState": "active" if self.active else "inactive", **self.told}
                return Answer(0, "".join(f"{one}={told.get(one, '')}\n" for one in asked[1::2]), "")
            case _ if not self.is_root:
                return Answer(4, "", "Interactive authentication required.\n")
            case ["daemon-reload"]:
                unit = self.root / "etc/systemd/system" / NAME
                self.loaded = unit.read_text("utf-8") if unit.exists() else None
                return Answer(0, "", "")
            case _:
                return self._changed(*arguments)

    def _changed(self, how: str, name: str) -> Answer:
        if how == "reset-failed":
            return Answer(0, "", "")
        if self.loaded is None:
            return Answer(5, "", f"Unit {name} not loaded.\n")
        match how:
            case "enable" | "disable":
                self.wanted = how == "enable"
            case "restart" | "stop":
                self.active = how == "restart" and not self.broken
                if how == "restart" and self.broken:
                    return Answer(1, "", f"Job for {name} failed because the control process exited.\n")
            case _:
                raise AssertionError(how)
        return Answer(0, "", "")
