"""What the SSM agent tells of its sessions, as events: the words that the source writes and the recogniser reads.

The agent's session folder is a log like the others. Its channel is ``CHANNEL``; a record's id is ``record_id_of`` its
session, so that the folder, the agent's own logs and a second reading all tell the same record.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum

CHANNEL = "amazon-ssm-agent"


class Told(IntEnum):
    """The event ids of the channel."""

    OPENED = 1
    """A session, or a Run Command, was opened. Time: when. Fields: ``SessionId`` (the command's id for Run Command),
    ``Owner`` (the ARN of the principal, empty where the agent does not say), ``Document``, ``DocumentType`` (``StartSession``
    or ``SendCommand``), ``Plugin`` (``Standard_Stream``, ``InteractiveCommands``, ``NonInteractiveCommands``, ``Port``),
    ``Port`` and ``Target`` (of a port session; Target empty: this host), ``Elevated`` (``true``/``false``),
    ``RunAsUser``, ``ProcessId`` (the worker's, decimal; empty where not known), ``InstanceId``, ``Platform`` (``windows`` or
    ``linux``; empty where the agent does not say)."""
    CLOSED = 2
    """It was closed. Time: when, or when it was first missed. Fields: ``SessionId``."""
    WATCHED = 3
    """From this time on every session is told, so that what is not told was not there. No fields."""
    UNWATCHED = 4
    """Up to this time, and since ``Since`` (ISO 8601), sessions may have come and gone that nobody saw. Watching goes on."""
    OWNER = 10
    """Seen at the moment: who holds the local end of a loopback connection. Time: that of the logon it was looked up for.
    Fields: ``LocalPort``, ``ProcessId`` of the owner, ``SessionId`` of the session whose worker that is (empty: it is no
    session's), ``LogonChannel`` and ``LogonRecordId``: the record it was looked up for."""
    ADDRESSES = 11
    """Seen at the moment: this host's own addresses. Fields: ``Addresses``, separated by spaces."""


def record_id_of(session_id: str) -> int:
    """Give a session's record id: 48 bits of a digest, the same wherever the session is read."""
    return int.from_bytes(hashlib.sha256(session_id.encode(errors="surrogatepass")).digest()[:6])
