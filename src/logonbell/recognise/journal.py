"""What a Linux host's programs say in its log, as events: the words that the sources write and the recogniser reads.

One line of the log is one event, whichever way it came: out of journald, or out of the file that a syslog daemon writes.

- ``channel`` is ``JOURNAL`` for journald and for exports of it, else the name of the file without what rotation adds:
  ``AUTH`` (Debian, Ubuntu) or ``SECURE`` (Red Hat, Amazon Linux).
- ``record_id`` grows along one log: in the journal the sequence number in its cursor (``i=``, there in hexadecimal), in a
  file the offset, in bytes, of the line's first byte in the uncompressed file.
- ``host`` is ``_HOSTNAME``, or the host that the line names.
- ``provider`` is the program: ``SYSLOG_IDENTIFIER`` without path and without ``[pid]``.
- ``fields`` are journald's own (systemd.journal-fields(7)): ``MESSAGE``, ``PID`` (``SYSLOG_PID``, else ``_PID``; decimal,
  empty where not known), and as far as they are there the trusted ``_UID``, ``_COMM``, ``_EXE``, ``_SYSTEMD_UNIT``,
  ``_BOOT_ID``, ``_TRANSPORT``.
"""

from __future__ import annotations

from enum import IntEnum

JOURNAL = "journal"
AUTH = "auth.log"
SECURE = "secure"
LOGS = (JOURNAL, AUTH, SECURE)
"""The channels of a Linux host."""


class Told(IntEnum):
    """The event ids of these channels."""

    SAID = 1
    """A program wrote a line."""
    GROUPS = 2
    """Seen at the moment: the groups of a user who has just come in. Time: that of the logon it was looked up for.
    Fields: ``User``, ``Uid`` (decimal), ``Groups`` (their names, separated by commas: one of sssd's may hold a space), ``LogonChannel`` and
    ``LogonRecordId``: the record it was looked up for. Its own record id is that record's."""
