"""What sshd is told to write down, and where it listens."""

from __future__ import annotations

from dataclasses import dataclass

from logonbell.programs import Commands


@dataclass(frozen=True, slots=True)
class Sshd:
    """sshd's settings in force: LogLevel, SyslogFacility and the ports (sshd_config(5))."""

    level: str
    facility: str
    ports: tuple[int, ...]


def look(run: Commands) -> Sshd | None:
    """Ask sshd (`sshd -T`: root only); None where it does not say. Raises ``Refused`` where there is none."""
    answer = run("sshd", "-T")
    if answer.code != 0:
        return None
    pairs = [line.split(maxsplit=1) for line in answer.out.splitlines()]
    told = [(pair[0].casefold(), pair[1].strip()) for pair in pairs if len(pair) == 2]
    values = dict(told)
    ports = tuple(int(value) for name, value in told if name == "port" and value.isdecimal())
    return Sshd(values.get("loglevel", "INFO").upper(), values.get("syslogfacility", "AUTH").upper(), ports)
