"""Which channels a rule's log source stands for, and what its fields are called there.

Services and their channels are Sigma's own (https://sigmahq.io/docs/basics/log-sources.html, and the mapping that pySigma
ships); categories are those that Windows writes to a channel of its own accord or that Sysmon does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SECURITY = "Security"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
_POWERSHELL = ("Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational")

OWN_SERVICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "terminalservices-remoteconnectionmanager": (
            "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
        ),
        "winrm": ("Microsoft-Windows-WinRM/Operational",),
        "smbclient-connectivity": ("Microsoft-Windows-SMBClient/Connectivity",),
        "smbserver-connectivity": ("Microsoft-Windows-SMBServer/Connectivity",),
    }
)
"""Services that pySigma's mapping does not name: of channels that logonbell follows, and of some that SigmaHQ's rules ask for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a category is in Windows' logs: the channels, the event ids there, and other names of fields."""

    channels: tuple[str, ...]
    ids: tuple[int, ...]


CATEGORIES: Mapping[str, Kind] = MappingProxyType(
    {
        "process_creation": Kind((SYSMON,), (1,)),
        "file_change": Kind((SYSMON,), (2,)),
        "network_connection": Kind((SYSMON,), (3,)),
        "sysmon_status": Kind((SYSMON,), (4, 16)),
        "process_termination": Kind((SYSMON,), (5,)),
        "driver_load": Kind((SYSMON,), (6,)),
        "image_load": Kind((SYSMON,), (7,)),
        "create_remote_thread": Kind((SYSMON,), (8,)),
        "raw_access_thread": Kind((SYSMON,), (9,)),
        "process_access": Kind((SYSMON,), (10,)),
        "file_event": Kind((SYSMON,), (11,)),
        "registry_add": Kind((SYSMON,), (12,)),
        "registry_delete": Kind((SYSMON,), (12,)),
        "registry_set": Kind((SYSMON,), (13,)),
        "registry_rename": Kind((SYSMON,), (14,)),
        "registry_event": Kind((SYSMON,), (12, 13, 14)),
        "create_stream_hash": Kind((SYSMON,), (15,)),
        "pipe_created": Kind((SYSMON,), (17, 18)),
        "wmi_event": Kind((SYSMON,), (19, 20, 21)),
        "dns_query": Kind((SYSMON,), (22,)),
        "file_delete": Kind((SYSMON,), (23, 26)),
        "clipboard_change": Kind((SYSMON,), (24,)),
        "process_tampering": Kind((SYSMON,), (25,)),
        "file_block_executable": Kind((SYSMON,), (27,)),
        "file_executable_detected": Kind((SYSMON,), (29,)),
        "sysmon_error": Kind((SYSMON,), (255,)),
        "ps_module": Kind(_POWERSHELL, (4103,)),
        "ps_script": Kind(_POWERSHELL, (4104,)),
        "ps_classic_start": Kind(("Windows PowerShell",), (400,)),
        "ps_classic_provider_start": Kind(("Windows PowerShell",), (600,)),
        "ps_classic_script": Kind(("Windows PowerShell",), (800,)),
    }
)
