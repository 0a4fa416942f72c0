from __future__ import annotations

import pytest

from logonbell.recognise.noise import (
    ACCESS_CHECK,
    BROWSER,
    MACHINE_ACCOUNT,
    MACHINE_ITSELF,
    PASSWORD_CHECK,
    UAC_PROMPT,
    WINDOWS_SETUP,
    noise,
    program_of,
)
from logonbell.sentence import Sentence

SYSTEM32 = "C:\\Windows\\System32\\"
WEB = "WEB-03$"


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"LogonType": "3", "VirtualAccount": "%%1842"}, MACHINE_ITSELF),
        ({"LogonType": "3", "VirtualAccount": "%%1843"}, None),
        ({"LogonType": "3", "TargetUserName": WEB}, MACHINE_ACCOUNT),
        ({"LogonType": "3", "TargetUserName": WEB, "ProcessName": "-"}, MACHINE_ACCOUNT),
        ({"LogonType": "8", "TargetUserName": WEB, "ProcessName": "-"}, MACHINE_ACCOUNT),
        ({"LogonType": "4", "TargetUserName": WEB, "ProcessName": f"{SYSTEM32}svchost.exe"}, MACHINE_ACCOUNT),
        ({"LogonType": "4", "TargetUserName": "kim"}, None),
        ({"LogonType": "3", "TargetUserName": WEB, "ProcessName": f"{SYSTEM32}sshd.exe"}, None),
        ({"LogonType": "2", "TargetUserName": WEB}, None),
        ({"LogonType": "2", "LogonProcessName": "CredPro "}, UAC_PROMPT),
        ({"LogonType": "2", "ProcessName": f"{SYSTEM32}consent.exe"}, UAC_PROMPT),
        ({"LogonType": "2", "ProcessName": "C:/Windows/System32/CONSENT.EXE"}, UAC_PROMPT),
        ({"LogonType": "2", "LogonProcessName": "Chrome"}, BROWSER),
        ({"LogonType": "3", "LogonProcessName": "Authz   "}, ACCESS_CHECK),
        ({"LogonType": "2", "ProcessName": f"{SYSTEM32}oobe\\msoobe.exe"}, WINDOWS_SETUP),
        ({"LogonType": "2", "ProcessName": f"{SYSTEM32}CloudExperienceHostBroker.exe"}, WINDOWS_SETUP),
        ({"LogonType": "2", "ProcessName": f"{SYSTEM32}lsass.exe"}, PASSWORD_CHECK),
        ({"LogonType": "3", "ProcessName": f"{SYSTEM32}lsass.exe"}, None),
        ({"LogonType": "2", "LogonProcessName": "User32 "}, None),
        ({}, None),
    ],
)
def test_what_is_nobodys_session(fields: dict[str, str], what: Sentence | None) -> None:
    """Each sort of noise by the one sign that shows it; whatever lacks the sign may be somebody."""
    assert noise(fields) is what


@pytest.mark.parametrize(
    ("fields", "program"),
    [
        ({}, ""),
        ({"ProcessName": "-"}, ""),
        ({"ProcessName": "C:\\Windows\\System32\\WinLogon.exe"}, "winlogon.exe"),
        ({"ProcessName": "C:/OpenSSH/sshd.exe"}, "sshd.exe"),
        ({"ProcessName": "lsass.exe"}, "lsass.exe"),
    ],
)
def test_the_name_of_a_program(fields: dict[str, str], program: str) -> None:
    """The last part of its path, however the path is written; nothing where the record names none."""
    assert program_of(fields) == program
