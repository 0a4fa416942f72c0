"""What is nobody's session, and why: evidence in Microsoft's event pages and in real logs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from logonbell.event import Event
from logonbell.hallmark import Hallmark, Hallmarks
from logonbell.recognise.identity import MACHINE_OWN, VIRTUAL, YES
from logonbell.sentence import Sentence, say

SERVICE_START = say("a service started")
MACHINE_ITSELF = say("an account of the machine itself, which no person uses")
MACHINE_ACCOUNT = say("a computer's own account")
UAC_PROMPT = say("a UAC prompt checked a password; the session was there before")
BROWSER = say("a browser checked the password of the user who is already on")
ACCESS_CHECK = say("an access check (Authz), not a logon")
WINDOWS_SETUP = say("Windows setup or its first-run pages, not a person")
PASSWORD_CHECK = say("lsass checked a password change")

_nobody = partial(Hallmark, values=MACHINE_OWN, beginnings=VIRTUAL)
_GROUPS = _nobody("TargetUserSid", say("groups of the machine itself"))
HALLMARKS: Hallmarks = MappingProxyType(
    {
        ("Security", 4624): (
            Hallmark("LogonType", SERVICE_START, frozenset({"5"})),
            _nobody("TargetUserSid", MACHINE_ITSELF, unless=("LogonType", "0")),
        ),
        ("Security", 4627): (_GROUPS,),
        ("Security", 4634): (_nobody("TargetUserSid", say("the end of a logon of the machine itself")),),
        ("Security", 4672): (_nobody("SubjectUserSid", say("privileges of the machine itself")),),
        ("Security", 4964): (_GROUPS,),
    }
)
"""Most of what a Security log says of logons: by these a source may leave it out before anything else of it is read.

A record that bears one tells the recogniser its time and its host and nothing else. The start of Windows is a logon of
SYSTEM too (type 0), and no noise.
"""


def hallmark_of(event: Event) -> Hallmark | None:
    """Give the hallmark of noise that an event bears."""
    for mark in HALLMARKS.get((event.channel, event.event_id), ()):
        if mark.marks(event.fields):
            return mark
    return None


def noise(fields: Mapping[str, str]) -> Sentence | None:
    """Say why a 4624 that bears no hallmark is nobody's session; None where it may be somebody's.

    Nothing is matched by a name that Windows localises. A name that ends with ``$`` is a computer's only where
    computers log on: through the network by themselves, and for tasks. A person who hides behind one at the console, by
    RDP, or where a program checks a password (sshd, WinRM) is told.
    """
    if fields.get("VirtualAccount") == YES:
        return MACHINE_ITSELF
    kind, by = fields.get("LogonType"), fields.get("LogonProcessName", "").strip().casefold()
    program = program_of(fields)
    by_itself = kind == "4" or (kind in {"3", "8"} and not program)
    if by_itself and fields.get("TargetUserName", "").endswith("$"):
        return MACHINE_ACCOUNT
    if by == "credpro" or program == "consent.exe":
        return UAC_PROMPT
    if by == "chrome":
        return BROWSER
    if by == "authz":
        return ACCESS_CHECK
    if program in {"msoobe.exe", "cloudexperiencehostbroker.exe"}:
        return WINDOWS_SETUP
    if kind == "2" and program == "lsass.exe":
        return PASSWORD_CHECK
    return None


def program_of(fields: Mapping[str, str]) -> str:
    """Give the file name of the program that asked for the logon, in lower case; empty where there is none."""
    return fields.get("ProcessName", "").replace("/", "\\").rpartition("\\")[2].casefold().strip("-")
