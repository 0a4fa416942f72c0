"""The domain's terms as a person reads them: doors, logon types, levels."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from logonbell.alert import Level
from logonbell.logon import Door, LogonType, TamperKind
from logonbell.sentence import Sentence, say


class DoorWords(NamedTuple):
    """A door's short name, for tables and facts, and what a headline calls coming in by it."""

    name: Sentence
    logon: Sentence


DOORS: Mapping[Door, DoorWords] = MappingProxyType(
    {
        Door.CONSOLE: DoorWords(say("console"), say("Console logon")),
        Door.CACHED_CONSOLE: DoorWords(say("console, cached"), say("Console logon (cached)")),
        Door.UNLOCK: DoorWords(say("unlock"), say("Unlock")),
        Door.RDP: DoorWords(say("RDP"), say("RDP logon")),
        Door.RDP_RECONNECT: DoorWords(say("RDP reconnect"), say("RDP reconnect")),
        Door.RDP_LOOPBACK: DoorWords(say("RDP from loopback"), say("RDP logon from loopback")),
        Door.RDP_SSM: DoorWords(say("RDP through SSM"), say("RDP logon through SSM")),
        Door.SSM_SHELL: DoorWords(say("SSM shell"), say("SSM shell")),
        Door.SSM_SHELL_ELEVATED: DoorWords(say("SSM shell, elevated"), say("Elevated SSM shell")),
        Door.SSM_TUNNEL: DoorWords(say("SSM tunnel"), say("SSM tunnel")),
        Door.SSH: DoorWords(say("SSH"), say("SSH logon")),
        Door.SSH_SSM: DoorWords(say("SSH through SSM"), say("SSH logon through SSM")),
        Door.SSH_LOOPBACK: DoorWords(say("SSH from loopback"), say("SSH logon from loopback")),
        Door.INSTANCE_CONNECT: DoorWords(say("EC2 Instance Connect"), say("EC2 Instance Connect logon")),
        Door.WINRM: DoorWords(say("WinRM"), say("WinRM logon")),
        Door.NETWORK: DoorWords(say("network"), say("Network logon")),
        Door.RUNAS: DoorWords(say("runas"), say("Runas")),
        Door.SU: DoorWords(say("su to root"), say("su to root")),
        Door.SUDO: DoorWords(say("root shell by sudo"), say("Root shell by sudo")),
        Door.BATCH: DoorWords(say("batch"), say("Batch logon")),
        Door.RUN_COMMAND: DoorWords(say("Run Command"), say("SSM Run Command")),
    }
)

LOGON_TYPES: Mapping[int, Sentence] = MappingProxyType(
    {
        LogonType.SYSTEM: say("system"),
        LogonType.INTERACTIVE: say("interactive"),
        LogonType.NETWORK: say("network"),
        LogonType.BATCH: say("batch"),
        LogonType.SERVICE: say("service"),
        LogonType.UNLOCK: say("unlock"),
        LogonType.NETWORK_CLEARTEXT: say("network cleartext"),
        LogonType.NEW_CREDENTIALS: say("new credentials"),
        LogonType.REMOTE_INTERACTIVE: say("remote interactive"),
        LogonType.CACHED_INTERACTIVE: say("cached interactive"),
        LogonType.CACHED_REMOTE_INTERACTIVE: say("cached remote interactive"),
        LogonType.CACHED_UNLOCK: say("cached unlock"),
    }
)

LEVELS: Mapping[Level, Sentence] = MappingProxyType(
    {
        Level.INFORMATIONAL: say("informational"),
        Level.LOW: say("low"),
        Level.MEDIUM: say("medium"),
        Level.HIGH: say("high"),
        Level.CRITICAL: say("critical"),
    }
)


def yes_or_no(fact: bool | None) -> Sentence:
    """Say a fact that may be unknown, in a word."""
    return _UNKNOWN if fact is None else _YES if fact else _NO


_YES = say("yes")
_NO = say("no")
_UNKNOWN = say("not known")


TAMPERED: Mapping[TamperKind, Sentence] = MappingProxyType(
    {
        TamperKind.LOG_STOPPED: say("Event log stopped on {host}"),
        TamperKind.RESTARTED: say("Restart of {host} by {user}"),
        TamperKind.AUDIT_CHANGED: say("Audit policy changed on {host} by {user}: {about}"),
        TamperKind.NEW_ADMINISTRATOR: say("New local administrator {about} on {host}, made by {user}"),
        TamperKind.SSM_USER_ENABLED: say("{about} enabled on {host} by {user}, for no SSM session"),
    }
)
"""What a headline calls each kind of tampering; who fills the holes is in ``headline``."""

TAMPERED_WITH: Mapping[TamperKind, Sentence] = MappingProxyType(
    {
        TamperKind.LOG_STOPPED: say("Log"),
        TamperKind.RESTARTED: say("Host"),
        TamperKind.AUDIT_CHANGED: say("Audit policy"),
        TamperKind.NEW_ADMINISTRATOR: say("New administrator"),
        TamperKind.SSM_USER_ENABLED: say("Enabled user"),
    }
)
"""What the facts call that to which it was done."""

TAMPER_WORDS: Mapping[TamperKind, Sentence] = MappingProxyType(
    {
        TamperKind.LOG_STOPPED: say("event log stopped"),
        TamperKind.RESTARTED: say("restart"),
        TamperKind.AUDIT_CHANGED: say("audit policy changed"),
        TamperKind.NEW_ADMINISTRATOR: say("new administrator"),
        TamperKind.SSM_USER_ENABLED: say("ssm-user enabled"),
    }
)
"""The same, in a table's cell."""
