"""An entry of the systemd journal as an event, in either form in which journalctl writes it.

The forms are those of systemd's "Journal Export Formats": JSON, where a value that is no printable text is a list of bytes,
one that is too long is null, and one that stands there twice is a list of values; and the export format, where a value
with control characters has its size (64 bits, little-endian) before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from logonbell.event import Event
from logonbell.recognise.journal import JOURNAL, Told
from logonbell.sentence import Sentence, plural

AUTH_FACILITIES = ("4", "10")
"""LOG_AUTH, to which sshd writes by itself and as Debian has it, and LOG_AUTHPRIV, as Red Hat has it, and for PAM (syslog(3))."""
PROGRAMS = (
    "sshd",
    "sshd-session",
    "sshd-auth",
    "sudo",
    "su",
    "login",
    "systemd-logind",
    "agetty",
    "ec2-instance-connect",
)
"""Who is read though told to write elsewhere (``SyslogFacility LOCAL0``, or to standard error under systemd)."""
DROPPED = "a596d6fe7bfa4994828e72309e95d61e"
"""SD_MESSAGE_JOURNAL_DROPPED (systemd, sd-messages.h): journald let lines of a service fall, which wrote too many."""
_LET_FALL = re.compile(r"Suppressed (\d{1,9}) messages from (\S{1,256})")
LOGON_UNITS = ("ssh", "getty", "serial-getty", "session-", "user@", "systemd-logind")
"""So begin the units whose lines tell of logons."""
_CARRIED = ("_UID", "_COMM", "_EXE", "_SYSTEMD_UNIT", "_BOOT_ID", "_TRANSPORT")
_NUMBER = re.compile(r"(?:^|;)i=([0-9a-f]{1,16})(?:;|$)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 1 << 16

Values = Mapping[str, str | None]
"""An entry's fields; a value that journalctl left out for its length is None."""


def values_of_json(line: bytes) -> Values | None:
    """Read an entry as JSON; None for what is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {name: _value(value) for name, value in found.items()}


def _value(value: object) -> str | None:
    match value:
        case str():
            return text_of(value.encode("utf-8", "backslashreplace"))
        case [int(), *_]:
            return text_of(bytes(one & 0xFF for one in value if isinstance(one, int)))
        case [str() | [int(), *_] as first, *_]:
            return _value(first)
        case _:
            return None


def text_of(value: bytes) -> str:
    """Read a value as text, whatever stands there."""
    return value[:_LONGEST].decode("utf-8", "backslashreplace")


def is_asked(values: Values) -> bool:
    """Tell whether recognising reads such an entry: what ``journalctl`` is asked for of the live journal."""
    return values.get("SYSLOG_FACILITY") in AUTH_FACILITIES or values.get("SYSLOG_IDENTIFIER") in PROGRAMS


def let_fall(values: Values) -> tuple[int, str] | None:
    """Give how many lines of which unit journald says that it let fall; None where it is not that, or of no interest."""
    if values.get("MESSAGE_ID") != DROPPED or values.get("_TRANSPORT") != "driver":
        return None
    found = _LET_FALL.match(values.get("MESSAGE") or "")
    return (int(found[1]), found[2]) if found and found[2].startswith(LOGON_UNITS) else None


def loss_of(lines: int, unit: str) -> Sentence:
    """Say that journald let lines fall."""
    return plural(
        "journald let {count:,} line of {unit} fall, as it wrote too many at a time: a logon may have been among them.",
        "journald let {count:,} lines of {unit} fall, as it wrote too many at a time: a logon may have been among them.",
        lines,
        unit=unit,
    )


def number_of(cursor: str | None) -> int:
    """Give the sequence number in a cursor; 0 where there is none."""
    found = _NUMBER.search(cursor or "")
    return min(int(found[1], 16), (1 << 63) - 1) if found else 0


def event_of_entry(values: Values) -> Event | None:
    """Make the event; None where message or time are missing."""
    message, stamp = values.get("MESSAGE"), values.get("__REALTIME_TIMESTAMP") or ""
    if message is None or not stamp.isdecimal():
        return None
    try:
        time = _EPOCH + timedelta(microseconds=int(stamp))
    except (OverflowError, ValueError):
        return None
    program = (values.get("SYSLOG_IDENTIFIER") or values.get("_COMM") or "").rpartition("/")[2]
    fields = {"MESSAGE": message, "PID": values.get("SYSLOG_PID") or values.get("_PID") or ""}
    fields |= {name: value for name in _CARRIED if (value := values.get(name)) is not None}
    number = number_of(values.get("__CURSOR"))
    return Event(JOURNAL, Told.SAID, number, time, values.get("_HOSTNAME") or "", program, fields)
