"""What Windows writes around an event's own data: the rest of its System block, its element, its fields' types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from logonbell.event import Event
from logonbell.simulate.binxml import Kind

SECURITY = "Microsoft-Windows-Security-Auditing"
EVENTLOG = "Microsoft-Windows-Eventlog"
LOCAL_SESSION_MANAGER = "Microsoft-Windows-TerminalServices-LocalSessionManager"
REMOTE_CONNECTION_MANAGER = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
OPENSSH = "OpenSSH"
WINRM = "Microsoft-Windows-WinRM"
USER32 = "User32"


@dataclass(frozen=True, slots=True)
class System:
    """The parts of the System block that ``Event`` leaves out; GUIDs as text, None where not written."""

    version: int = 0
    level: int = 4
    task: int = 0
    opcode: int = 0
    keywords: int = 0x8000000000000000
    provider_guid: str | None = None
    activity_id: str | None = None
    process_id: int = 0
    thread_id: int = 0


_PROVIDERS: Mapping[str, System] = MappingProxyType(
    {
        SECURITY: System(
            level=0,
            keywords=0x8020000000000000,
            provider_guid="54849625-5478-4994-a5ba-3e3b0328c30d",
            process_id=688,
            thread_id=740,
        ),
        EVENTLOG: System(
            task=104,
            keywords=0x4020000000000000,
            provider_guid="fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148",
            process_id=1104,
            thread_id=1432,
        ),
        LOCAL_SESSION_MANAGER: System(
            keywords=0x1000000000000000,
            provider_guid="5d896912-022d-40aa-a3a8-4fa5515c76d7",
            process_id=872,
            thread_id=944,
        ),
        REMOTE_CONNECTION_MANAGER: System(
            keywords=0x1000000000000000,
            provider_guid="c76baa63-ae81-421c-b425-340b4b24157f",
            process_id=976,
            thread_id=1892,
        ),
        OPENSSH: System(
            keywords=0x4000000000000000,
            provider_guid="c4b57d35-0636-4bc3-a262-370f249f9802",
            process_id=2580,
            thread_id=2584,
        ),
        USER32: System(
            keywords=0x8080000000000000,
            provider_guid="b0aa8734-56f7-41cc-b2f4-de228e98b946",
            process_id=712,
            thread_id=756,
        ),
        WINRM: System(
            keywords=0x4000000000000004,
            provider_guid="a7975c8f-ac13-49f1-87da-5a984a4ab417",
            process_id=1288,
            thread_id=2912,
        ),
    }
)

_SECURITY_TASKS: Mapping[int, int] = MappingProxyType(
    {
        4608: 12288,
        4624: 12544,
        4625: 12544,
        4627: 12554,
        4634: 12545,
        4647: 12545,
        4648: 12544,
        4672: 12548,
        4688: 13312,
        4719: 13568,
        4720: 13824,
        4722: 13824,
        4724: 13824,
        4725: 13824,
        4732: 13826,
        4738: 13824,
        4778: 12551,
        4779: 12551,
        4912: 13568,
        4964: 12548,
    }
)

_USER_DATA: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        EVENTLOG: ("LogFileCleared", "http://manifests.microsoft.com/win/2004/08/windows/eventlog"),
        LOCAL_SESSION_MANAGER: ("EventXML", "Event_NS"),
        REMOTE_CONNECTION_MANAGER: ("EventXML", "Event_NS"),
    }
)

KINDS: Mapping[str, Kind] = MappingProxyType(
    dict.fromkeys(
        (
            "SubjectUserSid",
            "TargetUserSid",
            "TargetSid",
            "MemberSid",
            "MandatoryLabel",
        ),
        Kind.SID,
    )
    | dict.fromkeys(
        (
            "LogonType",
            "KeyLength",
            "EventIdx",
            "EventCountTotal",
            "SessionID",
            "Session",
            "TargetSession",
            "Source",
            "Reason",
        ),
        Kind.UINT32,
    )
    | dict.fromkeys(("Status", "SubStatus", "OldUacValue", "NewUacValue"), Kind.HEXINT32)
    | dict.fromkeys(
        (
            "SubjectLogonId",
            "TargetLogonId",
            "TargetLinkedLogonId",
            "LogonID",
            "ProcessId",
            "NewProcessId",
        ),
        Kind.HEXINT64,
    )
    | dict.fromkeys(("LogonGuid", "TargetLogonGuid"), Kind.GUID)
)
"""Windows' own type of a field, by name; every other field is a string."""


def system_of(event: Event) -> System:
    """Say what Windows writes around ``event``."""
    system = _PROVIDERS.get(event.provider, System())
    if event.provider != SECURITY:
        return system
    return replace(
        system,
        version=_version(event),
        task=_SECURITY_TASKS.get(event.event_id, 0),
        keywords=0x8010000000000000 if event.event_id == 4625 else system.keywords,
    )


def user_data_of(event: Event) -> tuple[str, str] | None:
    """Name the element of UserData and its namespace; None where Windows writes EventData."""
    return _USER_DATA.get(event.provider) if event.fields else None


def _version(event: Event) -> int:
    """Tell the version of a 4624 by the fields that came with it (Microsoft, event 4624)."""
    if event.event_id == 4688:
        return 2
    if event.event_id != 4624:
        return 0
    added = ("ImpersonationLevel", "ElevatedToken", "RemoteCredentialGuard")
    return max((version for version, name in enumerate(added, 1) if name in event.fields), default=0)
