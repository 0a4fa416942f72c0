"""One state file of the SSM agent: the session or the Run Command it stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec

from logonbell.decoding import decode
from logonbell.sentence import Sentence, say

SESSION = "StartSession"
COMMAND = "SendCommand"
_OFFLINE_COMMAND = "SendCommandOffline"
PORT = "Port"
"""The plugin of a tunnel."""

_ID = re.compile(r"[^\x00-\x20\x7f-\xa0/\\:*?\"<>|\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]{1,128}")
"""Session ids are ``<name>-<suffix>``; neither part's form is promised, so only what is no plain file name is refused."""
_LONGEST = 2048
"""No ARN, name or address is longer; what is, is cut."""
_WITHOUT_TIME = datetime(1, 1, 1, tzinfo=UTC)
"""Go's zero time: not set."""
_TIME = re.compile(
    r"(\d{4,6})-(\d\d)-(\d\d)[T ](\d\d)[:-](\d\d)[:-](\d\d)(?:\.(\d{1,9}))? ?(Z|[+-]\d\d:?\d\d)?(?: .*)?"
)
_AGAINST_MILLISECONDS = 10_000
"""From this year on a ``CreatedDate`` is milliseconds that the agent took for seconds (agentmessage.go, ``time.Unix``)."""


@dataclass(frozen=True, slots=True)
class SsmSession:
    """A session, or a Run Command, as the agent keeps it. Nothing of its parameters is held.

    ``opened`` is the agent's ``RunID``: the host's own clock when the message came, in UTC, the same in the state file
    and in the logs. ``process`` and ``started`` are the worker's, None until it is started. ``port`` and ``target`` are
    those of a port session; ``target`` is empty where the tunnel ends at this host. ``runs`` is how often an agent that was
    started again found it still running. ``platform`` is ``windows`` or ``linux``, by the folders that it names; empty
    where it names none.
    """

    session_id: str
    document_type: str
    opened: datetime | None
    owner: str = ""
    document: str = ""
    plugin: str = ""
    port: str = ""
    target: str = ""
    elevated: bool = False
    run_as_user: str = ""
    instance_id: str = ""
    process: int | None = None
    started: datetime | None = None
    runs: int = 0
    platform: str = ""


class Unreadable(Exception):
    """Not a state file as we know it, and why."""

    def __init__(self, why: Sentence) -> None:
        super().__init__(why)
        self.why = why


class _ProcInfo(msgspec.Struct):
    Pid: Any = None
    StartTime: Any = None


class _Information(msgspec.Struct):
    DocumentID: Any = None
    InstanceID: Any = None
    RunID: Any = None
    CreatedDate: Any = None
    DocumentName: Any = None
    RunCount: Any = None
    RunAsUser: Any = None
    SessionOwner: Any = None
    ProcInfo: msgspec.Raw = msgspec.Raw()


class _State(msgspec.Struct):
    DocumentInformation: _Information
    DocumentType: str
    InstancePluginsInformation: msgspec.Raw = msgspec.Raw()


class _Configuration(msgspec.Struct):
    Properties: msgspec.Raw = msgspec.Raw()
    OrchestrationDirectory: Any = None
    RunAsUser: Any = None
    RunAsEnabled: Any = None
    SessionOwner: Any = None


class _Plugin(msgspec.Struct):
    Name: Any = None
    Configuration: msgspec.Raw = msgspec.Raw()


class _Properties(msgspec.Struct):
    portNumber: Any = None  # noqa: N815  the agent's spelling
    host: Any = None
    linux: msgspec.Raw = msgspec.Raw()
    macos: msgspec.Raw = msgspec.Raw()
    windows: msgspec.Raw = msgspec.Raw()


class _Shell(msgspec.Struct):
    runAsElevated: Any = None  # noqa: N815  the agent's spelling


def parse(content: bytes, name: str) -> SsmSession | None:
    """Read a state file that is called ``name``; None for what is neither a session nor a Run Command.

    Associations, and the requests to end a session (which for a moment stand in its file's place), are neither. Fields
    that are missing or of another type are empty, and unknown ones are skipped, so that older and newer agents are read;
    the id and the type must be there, and the id must be the file's name. Raises ``Unreadable``.
    """
    state = _decoded(content, _State)
    if state is None:
        raise Unreadable(say("It is not a state file as this version of logonbell knows it."))
    if state.DocumentType not in {SESSION, COMMAND, _OFFLINE_COMMAND}:
        return None
    known = state.DocumentInformation
    session_id = _text(known.DocumentID)
    if not is_session_id(session_id):
        raise Unreadable(say("The id in it cannot be that of a session."))
    if session_id != name:
        raise Unreadable(say("It carries the id of another session: {session}", session=session_id))
    process = _decoded(known.ProcInfo, _ProcInfo) or _ProcInfo()
    pid, started = process.Pid, _time(process.StartTime)
    opened = _time(known.RunID) or _time(known.CreatedDate) or started
    described = SsmSession(
        session_id=session_id,
        document_type=SESSION if state.DocumentType == SESSION else COMMAND,
        opened=opened,
        owner=_text(known.SessionOwner),
        document=_text(known.DocumentName),
        run_as_user=_text(known.RunAsUser),
        instance_id=_text(known.InstanceID),
        process=pid if type(pid) is int and 0 < pid < 2**32 else None,
        started=started,
        runs=known.RunCount if type(known.RunCount) is int else 0,
    )
    return _with_plugin(described, state)


def is_session_id(text: str) -> bool:
    """Tell whether a text can be a session's id and its file's name."""
    return _ID.fullmatch(text) is not None and text not in {".", ".."}


def _with_plugin(session: SsmSession, state: _State) -> SsmSession:
    """Add what the first plugin tells; a session has exactly one."""
    plugins = _decoded(state.InstancePluginsInformation, list[_Plugin])
    if not plugins:
        return session
    configuration = _decoded(plugins[0].Configuration, _Configuration) or _Configuration()
    folder = _text(configuration.OrchestrationDirectory)
    on_windows = "\\" in folder
    session = replace(session, platform=("windows" if on_windows else "linux") if folder else "")
    if session.document_type != SESSION:
        return session
    properties = _decoded(configuration.Properties, _Properties) or _Properties()
    shells = (properties.windows,) if on_windows else (properties.linux, properties.macos)
    # Windows' agent runs a shell as ssm-user whatever the document says.
    run_as = _text(configuration.RunAsUser) if configuration.RunAsEnabled is True and not on_windows else ""
    is_port = _text(plugins[0].Name) == PORT
    return replace(
        session,
        owner=session.owner or _text(configuration.SessionOwner),
        plugin=_text(plugins[0].Name),
        port=_text(properties.portNumber) if is_port else "",
        target=_text(properties.host) if is_port else "",
        elevated=any(_is_elevated(shell) for shell in shells),
        run_as_user=run_as,
    )


def _is_elevated(shell: msgspec.Raw) -> bool:
    asked = _decoded(shell, _Shell)
    return asked is not None and asked.runAsElevated is True


_Shape = TypeVar("_Shape")


def _decoded(content: bytes | msgspec.Raw, shape: type[_Shape]) -> _Shape | None:
    """Decode JSON into a shape; None where it has another one."""
    try:
        return decode(content, shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _text(value: object) -> str:
    """Take a text, or a number that should have been one."""
    if type(value) is int:
        return str(value) if abs(value) < 10**18 else ""
    return value[:_LONGEST] if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    """Read a time as the agent writes it, in one of its four forms; None where it is none, or not set.

    ``RunID`` is ISO 8601 with dashes in its clock time, ``StartTime`` RFC 3339 with up to nine digits, ``CreatedDate``
    ISO 8601 or Go's ``2006-01-02 15:04:05 -0700 MST``; the last is, for a session, a thousand times too late.
    """
    found = _TIME.fullmatch(value) if isinstance(value, str) and len(value) < 64 else None
    if found is None:
        return None
    *parts, fraction, zone = found.groups()
    year, month, day, hour, minute, second = map(int, parts)
    try:
        if year >= _AGAINST_MILLISECONDS:
            clock = timedelta(hours=hour, minutes=minute, seconds=second) - _zone(zone).utcoffset(None)
            return _of_milliseconds(year, month, day, clock)
        micro = int((fraction or "0").ljust(6, "0")[:6])
        time = datetime(year, month, day, hour, minute, second, micro, _zone(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if time.year > _WITHOUT_TIME.year else None


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    digits = text.replace(":", "")
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return timezone(-offset if digits[0] == "-" else offset)


def _of_milliseconds(year: int, month: int, day: int, clock: timedelta) -> datetime:
    """Undo the agent's reading of milliseconds as seconds; the calendar repeats itself every 400 years."""
    cycles = (year - 2000) // 400
    within = datetime(year - 400 * cycles, month, day, tzinfo=UTC) + clock - datetime(1970, 1, 1, tzinfo=UTC)
    days = 146_097 * cycles
    return datetime(1970, 1, 1, tzinfo=UTC) + (within + timedelta(days=days)) / 1000
