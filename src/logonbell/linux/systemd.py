"""Systemd, asked and told through systemctl: its version, and how the unit stands."""

from __future__ import annotations

import re
from collections.abc import Mapping

from logonbell.errors import Refused
from logonbell.linux.unit import NAME
from logonbell.programs import Commands, demand
from logonbell.sentence import say

_VERSION = re.compile(r"systemd ([0-9]{2,4})\b", re.ASCII)


def version(run: Commands) -> int:
    """Give systemd's version. Raises ``Refused`` where it does not say one."""
    found = _VERSION.match(demand(run("systemctl", "--version"), "systemctl").out)
    if found is None:
        raise Refused(
            say("systemctl does not say which version it has."),
            say("Run: systemctl --version; is it systemd's?"),
        )
    return int(found[1])


def told(run: Commands, *properties: str) -> Mapping[str, str]:
    """Give what systemd says of the unit; of one that is not there, too."""
    asked = [word for one in properties for word in ("-p", one)]
    answer = run("systemctl", "show", NAME, *asked)
    pairs = (line.partition("=") for line in answer.out.splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def is_enabled(run: Commands) -> bool:
    """Tell whether it is started with the machine."""
    return run("systemctl", "is-enabled", NAME).out.strip() == "enabled"


def is_active(run: Commands) -> bool:
    """Tell whether it runs, and has said that it is ready."""
    return run("systemctl", "is-active", NAME).out.strip() == "active"


def reload(run: Commands) -> None:
    """Let it read the units anew. Raises ``Refused``."""
    demand(run("systemctl", "daemon-reload"), "systemctl")


def enable(run: Commands) -> None:
    """Let it be started with the machine. Raises ``Refused``."""
    demand(run("systemctl", "enable", NAME), "systemctl")


def disable(run: Commands) -> None:
    """Let it not be started with the machine any more. Raises ``Refused``."""
    demand(run("systemctl", "disable", NAME), "systemctl")


def restart(run: Commands) -> None:
    """Start it, anew where it runs, and wait until it is ready. Raises ``Refused`` with what it said last."""
    answer = run("systemctl", "restart", NAME)
    if answer.code == 0:
        return
    last = run("journalctl", "-u", NAME, "-n", "1", "-o", "cat", "--no-pager").out
    raise Refused(
        say(
            "The unit {unit} does not start: {words}",
            unit=NAME,
            words=" ".join((last or answer.words).split()),
        ),
        say("See the whole: journalctl -u {unit} -e; systemd goes on trying.", unit=NAME),
    )


def stop(run: Commands) -> None:
    """End it, where it runs, and forget that it ever failed. Raises ``Refused``."""
    demand(run("systemctl", "stop", NAME), "systemctl")
    run("systemctl", "reset-failed", NAME)
