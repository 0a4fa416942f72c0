"""4624s that are nobody's session, and why: evidence in Microsoft's event pages and in real logs."""

from __future__ import annotations

from collections.abc import Mapping

from logonbell.recognise.identity import YES, is_nobody
from logonbell.sentence import Sentence, say

SERVICE_START = say("a service started")
MACHINE_ITSELF = say("an account of the machine itself, which no person uses")
MACHINE_ACCOUNT = say("a computer's own account")
UAC_PROMPT = say("a UAC prompt checked a password; the session was there before")
BROWSER = say("a browser checked the password of the user who is already on")
ACCESS_CHECK = say("an access check (Authz), not a logon")
WINDOWS_SETUP = say("Windows setup or its first-run pages, not a person")
PASSWORD_CHECK = say("lsass checked a password change")


def noise(fields: Mapping[str, str]) -> Sentence | None:
    """Say why a 4624 is nobody's session; None where it may be somebody's.

    Nothing is matched by a name that Windows localises. A name that ends with ``$`` is a computer's only where
    computers log on: through the network by themselves, and for tasks. A person who hides behind one at the console, by
    RDP, or where a program checks a password (sshd, WinRM) is told.
    """
    kind = fields.get("LogonType", "")
    if kind == "5":
        return SERVICE_START
    sid = fields.get("TargetUserSid", "")
    if kind == "0" or is_nobody(sid) or fields.get("VirtualAccount") == YES:
        return MACHINE_ITSELF
    by = fields.get("LogonProcessName", "").strip().casefold()
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
