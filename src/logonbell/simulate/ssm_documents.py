"""What the SSM agent is asked for, and how it writes that down: the state of a session, a Run Command, an association.

Names and order are those of the agent's own structures; every value is invented.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CYCLE = timedelta(days=146_097)
_UNSET = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the agent. ``properties`` are the document's, its parameters filled in.

    ``kind`` is the agent's document type: ``StartSession``, ``SendCommand``, ``Association``.
    """

    document: str
    plugin: str
    kind: str = "StartSession"
    owner: str = ""
    user: str = "nobody"
    properties: object = None
    run_as_enabled: bool = False
    run_as_user: str = ""

    @property
    def is_session(self) -> bool:
        """Whether it is a session, with a session worker."""
        return self.kind == "StartSession"

    @property
    def step(self) -> str:
        """What the agent calls the plugin's one run; a session has no steps."""
        return self.plugin if self.is_session else f"0.{self.plugin.replace(':', '')}"


def shell(owner: str, user: str, *, run_as: str = "") -> Request:
    """Ask for the default shell; ``run_as`` is the document's user on Linux."""
    return Request(
        "SSM-SessionManagerRunShell",
        "Standard_Stream",
        owner=owner,
        user=user,
        run_as_enabled=bool(run_as),
        run_as_user=run_as,
    )


def commands(
    owner: str, user: str, command: str, *, elevated: bool = False, interactive: bool = True
) -> Request:
    """Ask for a shell that runs a command; ``elevated`` as SYSTEM or root."""
    each = {"commands": command, "runAsElevated": elevated}
    plugin = "InteractiveCommands" if interactive else "NonInteractiveCommands"
    properties = {"linux": each, "macos": each, "windows": each}
    return Request(f"Acme-{plugin}", plugin, owner=owner, user=user, properties=properties)


def port(owner: str, user: str, number: int, *, host: str = "", mux: bool = True) -> Request:
    """Ask for a tunnel to a port of the instance, or of ``host``; ``mux`` as newer clients do for port forwarding."""
    document = (
        "AWS-StartPortForwardingSessionToRemoteHost"
        if host
        else "AWS-StartPortForwardingSession"
        if mux
        else "AWS-StartSSHSession"
    )
    properties = {"portNumber": str(number)}
    if mux:
        properties |= {"localPortNumber": "0", "type": "LocalPortForwarding"}
    if host:
        properties["host"] = host
    return Request(document, "Port", owner=owner, user=user, properties=properties)


def run_command(*lines: str, document: str = "AWS-RunShellScript") -> Request:
    """Send a command; the agent is not told who sent it."""
    plugin = "aws:runPowerShellScript" if "PowerShell" in document else "aws:runShellScript"
    properties = {"id": "0.aws:runScript", "runCommand": list(lines), "timeoutSeconds": "3600"}
    return Request(document, plugin, kind="SendCommand", properties=properties)


def association() -> Request:
    """Let State Manager collect the inventory."""
    properties = {"applications": "Enabled"}
    return Request(
        "AWS-GatherSoftwareInventory", "aws:softwareInventory", "Association", properties=properties
    )


@dataclass(slots=True)
class Document:
    """A request that the agent took on. ``received`` is the host's clock then, ``sent`` the service's.

    ``orchestration`` is the folder for what it puts out, ``zone`` the host's.
    """

    request: Request
    document_id: str
    message_id: str
    instance_id: str
    received: datetime
    sent: datetime
    orchestration: str
    status: str = "InProgress"
    runs: int = 0
    process: int = 0
    started: datetime | None = None
    zone: tzinfo = UTC
    extra: Mapping[str, object] = field(default_factory=dict)
    """Fields of a newer agent, at the end of the document's information."""

    def state(self) -> dict[str, object]:
        """Give the state as the agent keeps it."""
        request = self.request
        is_association = request.kind == "Association"
        return {
            "DocumentInformation": {
                "DocumentID": self.document_id,
                "CommandID": "" if is_association else self.document_id,
                "AssociationID": self.document_id.partition(".")[0] if is_association else "",
                "InstanceID": self.instance_id,
                "MessageID": self.message_id,
                "RunID": iso(self.received, "-"),
                "CreatedDate": iso(self.sent, ":") if is_association else _created(self.sent, self.zone),
                "DocumentName": request.document,
                "DocumentVersion": "1" if is_association else "",
                "DocumentStatus": self.status,
                "RunCount": self.runs,
                "ProcInfo": {"Pid": self.process, "StartTime": _nanoseconds(self.started)},
                "ClientId": "",
                "RunAsUser": "",
                "SessionOwner": request.owner,
                **self.extra,
            },
            "DocumentType": request.kind,
            "SchemaVersion": "1.0" if request.is_session else "2.2",
            "InstancePluginsInformation": [self._plugin()],
            "CancelInformation": _cancel("", ""),
            "IOConfig": _io_config(self.orchestration),
            "UpstreamServiceName": "" if is_association else "MessageGatewayService",
        }

    def _plugin(self) -> dict[str, object]:
        request = self.request
        configuration = {
            "Settings": None,
            "Properties": request.properties,
            "OutputS3KeyPrefix": self._prefix(),
            "OutputS3BucketName": "",
            "S3EncryptionEnabled": False,
            "CloudWatchLogGroup": "",
            "CloudWatchEncryptionEnabled": False,
            "CloudWatchStreamingEnabled": False,
            "OrchestrationDirectory": self._folder(),
            "MessageId": self.message_id,
            "BookKeepingFileName": self.document_id,
            "PluginName": request.plugin,
            "PluginID": request.step,
            "DefaultWorkingDirectory": "",
            "Preconditions": None if request.is_session else {},
            "IsPreconditionEnabled": not request.is_session,
            "CurrentAssociations": None,
            "SessionId": self.document_id if request.is_session else "",
            "ClientId": "",
            "KmsKeyId": "",
            "RunAsEnabled": request.run_as_enabled,
            "RunAsUser": request.run_as_user,
            "ShellProfile": {"windows": "", "linux": ""},
            "SessionOwner": request.owner,
            "UpstreamServiceName": "",
        }
        result = {
            "pluginID": "",
            "pluginName": "",
            "status": "",
            "code": 0,
            "output": None,
            "startDateTime": _UNSET,
            "endDateTime": _UNSET,
            "outputS3BucketName": "",
            "outputS3KeyPrefix": "",
            "stepName": "",
            "error": "",
            "standardOutput": "",
            "standardError": "",
        }
        return {
            "Configuration": configuration,
            "Name": request.plugin,
            "Result": result,
            "Id": request.step,
        }

    def _folder(self) -> str:
        return f"{self.orchestration}{chr(92) if chr(92) in self.orchestration else '/'}{self.request.step}"

    def _prefix(self) -> str:
        if self.request.is_session:
            return ""
        return f"{self.document_id}/{self.instance_id}/{self.request.plugin.replace(':', '')}"

    def termination(self) -> dict[str, object]:
        """Give the state of the request to end this session; it has the session's id, and its file the session's name."""
        unset: dict[str, object] = dict.fromkeys(
            ("AssociationID", "DocumentName", "DocumentVersion", "ClientId", "RunAsUser", "SessionOwner"), ""
        )
        return {
            "DocumentInformation": {
                "DocumentID": self.document_id,
                "CommandID": self.document_id,
                "InstanceID": self.instance_id,
                "MessageID": self.document_id,
                "RunID": iso(self.received, "-"),
                "CreatedDate": iso(self.sent, ":"),
                "DocumentStatus": "InProgress",
                "RunCount": 0,
                "ProcInfo": {"Pid": 0, "StartTime": _UNSET},
                **unset,
            },
            "DocumentType": "TerminateSession",
            "SchemaVersion": "",
            "InstancePluginsInformation": None,
            "CancelInformation": _cancel(
                self.document_id, f"Session {self.document_id} is yet to be terminated"
            ),
            "IOConfig": _io_config(""),
            "UpstreamServiceName": "MessageGatewayService",
        }


def payload(document: Document) -> dict[str, object]:
    """Give the message by which the service asked for it: what is asked stands in it as text."""
    request = document.request
    content = {"schemaVersion": "1.0", "sessionType": request.plugin, "properties": request.properties}
    asked = {
        "RunAsUser": "",
        "Parameters": {},
        "DocumentContent": content,
        "SessionOwner": request.owner,
        "SessionId": document.document_id,
        "DocumentName": request.document,
    }
    task = f"111122223333:{document.document_id}"
    return {"schemaVersion": 1, "taskId": task, "topic": "test_topic", "content": compact(asked)}


def compact(state: Mapping[str, object] | Sequence[object]) -> str:
    """Write JSON as Go does: no spaces, and ``<``, ``>``, ``&`` as escapes."""
    return _escaped(json.dumps(state, ensure_ascii=False, separators=(",", ":")))


def indented(state: Mapping[str, object]) -> str:
    """Write JSON as the agent does in its state files: two spaces for each depth."""
    return _escaped(json.dumps(state, ensure_ascii=False, indent=2))


def _escaped(text: str) -> str:
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _cancel(session_id: str, info: str) -> dict[str, object]:
    return {"CancelMessageID": session_id, "CancelCommandID": session_id, "Payload": "", "DebugInfo": info}


def _io_config(folder: str) -> dict[str, object]:
    watch = {"LogGroupName": "", "LogStreamPrefix": "", "LogGroupEncryptionEnabled": False}
    return {
        "OrchestrationDirectory": folder,
        "OutputS3BucketName": "",
        "OutputS3KeyPrefix": "",
        "CloudWatchConfig": watch,
    }


def iso(time: datetime, between: str) -> str:
    """Write a time as the agent does, with what stands between the parts of its clock time."""
    clock = time.astimezone(UTC)
    return f"{clock:%Y-%m-%dT%H}{between}{clock:%M}{between}{clock:%S}.{clock.microsecond // 1000:03d}Z"


def _nanoseconds(time: datetime | None) -> str:
    """Write a time as Go's JSON does: up to nine digits, none at the end that is zero."""
    if time is None:
        return _UNSET
    clock = time.astimezone(UTC)
    fraction = f".{clock.microsecond:06d}317".rstrip("0") if clock.microsecond else ""
    return f"{clock:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _created(sent: datetime, zone: tzinfo) -> str:
    """Write the time of a message as the agent does: its milliseconds taken for seconds, so a thousand times too late.

    In the host's zone: seconds of Unix time become a local one.
    """
    seconds = timedelta(seconds=round((sent - _EPOCH) / timedelta(milliseconds=1)))
    cycles, rest = divmod(seconds, _CYCLE)
    within = (_EPOCH + rest).astimezone(zone)
    return f"{within.year + 400 * cycles}-{within:%m-%d %H:%M:%S %z %Z}"
