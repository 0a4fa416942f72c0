"""The unit of systemd: how the agent is started, kept alive, and shut in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from logonbell import __version__

NAME = "logonbell.service"
SYSCALLS = 239
"""The version of systemd from which on it knows the set of calls @system-service. A version that does not know it lets
hardly any call pass, so there the line must not stand."""
WRITABLE = 231
"""From then on there is ReadWritePaths."""
SINCE_FIRST = 0

_UNIT = (
    (SINCE_FIRST, "Description=logonbell: rings when someone gets onto this host"),
    # Above the network at shutdown, too: its last words still get out.
    (SINCE_FIRST, "Wants=network-online.target"),
    (SINCE_FIRST, "After=network-online.target nss-user-lookup.target"),
    # However often it ends, it is started again.
    (230, "StartLimitIntervalSec=0"),
)
_RUN = (
    (SINCE_FIRST, "Type=notify"),
    (SINCE_FIRST, "Restart=always"),
    # With five starts in ten seconds a systemd before 230 would give up.
    (SINCE_FIRST, "RestartSec=5"),
    (SINCE_FIRST, "TimeoutStartSec=300"),
    (SINCE_FIRST, "TimeoutStopSec=30"),
    # The agent itself gives up on a reader that hangs, and says so, after seven minutes at the most (pulse.py).
    (SINCE_FIRST, "WatchdogSec=480"),
    # What it runs is ended by it, not beside it.
    (SINCE_FIRST, "KillMode=mixed"),
    (SINCE_FIRST, "SyslogIdentifier=logonbell"),
    (235, "ConfigurationDirectory=logonbell"),
    (235, "ConfigurationDirectoryMode=0700"),
    (235, "StateDirectory=logonbell"),
    (235, "StateDirectoryMode=0700"),
    (235, "UnsetEnvironment=LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT"),
    (SINCE_FIRST, "UMask=0077"),
)
CAPABILITIES = ("CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE")
"""Reading what belongs to others (auth.log of Ubuntu's syslog, sockets of other users' processes); seeing whose process
holds a socket (without it the kernel shows that of no process that may do more). What each is for: docs/linux.md."""
_SHUT_IN = (
    (SINCE_FIRST, f"CapabilityBoundingSet={' '.join(CAPABILITIES)}"),
    (187, "NoNewPrivileges=yes"),
    (SINCE_FIRST, "PrivateTmp=yes"),
    (209, "PrivateDevices=yes"),
    (SINCE_FIRST, "DevicePolicy=closed"),
    (214, "ProtectHome=yes"),
    (232, "ProtectSystem=strict"),
    (232, "ProtectKernelTunables=yes"),
    (232, "ProtectKernelModules=yes"),
    (232, "ProtectControlGroups=yes"),
    (244, "ProtectKernelLogs=yes"),
    (245, "ProtectClock=yes"),
    (211, "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
    (231, "RestrictRealtime=yes"),
    (231, "MemoryDenyWriteExecute=yes"),
    (233, "RestrictNamespaces=yes"),
    (235, "LockPersonality=yes"),
    (235, "KeyringMode=private"),
    (242, "RestrictSUIDSGID=yes"),
    (209, "SystemCallArchitectures=native"),
    (SYSCALLS, "SystemCallFilter=@system-service"),
    (SYSCALLS, "SystemCallFilter=~@privileged @resources"),
    (SYSCALLS, "SystemCallErrorNumber=EPERM"),
)
"""What it may not, each with the version of systemd that knows the line (systemd.exec(5), systemd's NEWS)."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is started, with which settings; ``written`` are the folders besides the usual one that it writes to."""

    python: str
    settings: Path
    written: Sequence[Path] = ()


def text_of(run: Run, version: int) -> str:
    """Write the unit for a version of systemd, without a line that it does not know."""
    return "\n".join([*_lines(run, version), ""])


def _lines(run: Run, version: int) -> Iterator[str]:
    # With its version it is another unit after an upgrade, and so starts the agent anew.
    yield f"# Written by `logonbell install`, version {__version__}. Lines of your own go beside it: systemctl edit logonbell"
    yield "[Unit]"
    yield from _known(_UNIT, version)
    yield ""
    yield "[Service]"
    words = (run.python, "-I", "-m", "logonbell", "watch", "--config", str(run.settings))
    # What is no variable is written so that it is not taken for one.
    yield f"ExecStart={' '.join(quoted(word.replace('$', '$$')) for word in words)}"
    yield from _known(_RUN, version)
    yield ""
    yield from _known(_SHUT_IN, version)
    if version >= WRITABLE and run.written:
        yield f"ReadWritePaths={' '.join(quoted(f'-{folder}') for folder in run.written)}"
    yield ""
    yield "[Install]"
    yield "WantedBy=multi-user.target"


def _known(lines: Sequence[tuple[int, str]], version: int) -> Iterator[str]:
    return (line for since, line in lines if since <= version)


def quoted(word: str) -> str:
    """Write a word so that systemd reads it as it is (systemd.service(5), "Command lines")."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"' if any(one in plain for one in " '\"\\;") or not plain else plain
