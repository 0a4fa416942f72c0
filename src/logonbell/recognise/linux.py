"""What each line of a Linux host's log is: which reader reads it, and whether it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from logonbell.event import Event
from logonbell.recognise import becoming, sessions, sshd, upkeep
from logonbell.recognise.arrival import either
from logonbell.recognise.journal import JOURNAL, LOGS, Told
from logonbell.recognise.ssm import number_of
from logonbell.recognise.state import HostLog, Reader
from logonbell.sentence import Sentence, say

SYSTEM_USERS = 1000
"""Below this user ids are of services (login.defs of all distributions: UID_MIN)."""
BOOTS = 8
"""So many starts are remembered, should a clock that was wrong at one mix their lines."""
LONGEST = 8_192
"""Of a line only so much is read: sshd writes no more than 1,024 bytes, sudo's commands are longer."""

Line = Callable[[HostLog, Event, str], Sentence]
PROGRAMS: Mapping[str, Line] = MappingProxyType(
    {
        "sshd": sshd.said,
        "sshd-session": sshd.said,
        "sshd-auth": sshd.said,
        "ec2-instance-connect": sshd.key_provided,
        "login": sessions.login_said,
        "su": becoming.su_said,
        "sudo": becoming.sudo_said,
        "systemd-logind": upkeep.logind_said,
        "gpasswd": upkeep.accounts_said,
        "useradd": upkeep.accounts_said,
        "usermod": upkeep.accounts_said,
    }
)
"""Who speaks of logons by themselves; others do through PAM."""
_FOR_THEIR_CALLER = frozenset({"su", "sudo"})
_OF_THEM = ("pam_unix(su:", "pam_unix(su-l:", "pam_unix(sudo:", "pam_unix(sudo-i:")
_NOBODY = say("a line of a program that does not run as root: anybody may have written it")


def said(log: HostLog, event: Event) -> Sentence:
    """Read one line."""
    _look_for_start(log, event)
    message = event.fields.get("MESSAGE", "")[:LONGEST]
    through_pam = message.startswith("pam_")
    if through_pam and event.provider in _FOR_THEIR_CALLER and not message.startswith(_OF_THEM):
        return _NOBODY
    reader = sessions.said if through_pam else PROGRAMS.get(event.provider)
    if reader is None:
        return say("a line of another program")
    if not is_believed(event):
        return _NOBODY
    return reader(log, event, message)


def is_believed(event: Event) -> bool:
    """Tell whether a line is its program's own: only journald says who wrote it, a file believes everybody.

    su and sudo run as root for the user who started them, so theirs carry that user's id and their own program's path.
    What EC2 Instance Connect says, a service's account says.
    """
    uid = event.fields.get("_UID")
    if event.channel != JOURNAL or uid is None or uid == "0":
        return True
    if event.provider in _FOR_THEIR_CALLER:
        program = event.fields.get("_EXE", "").rpartition("/")[2]
        return program == event.provider or program.startswith(f"{event.provider}.")
    number = number_of(uid)
    return event.provider == "ec2-instance-connect" and number is not None and number < SYSTEM_USERS


def groups_seen(log: HostLog, event: Event) -> Sentence:
    """Read the groups of a user who came in, as the system gave them at that moment."""
    fields = event.fields
    arrival = log.growing.made_of(fields.get("LogonChannel", ""), number_of(fields.get("LogonRecordId", "")))
    if arrival is None or arrival.user is None or arrival.user.name != fields.get("User"):
        return say("the groups of somebody who did not come")
    groups, uid = frozenset(fields.get("Groups", "").split(",")), number_of(fields.get("Uid", ""))
    arrival.uid = uid if arrival.uid is None else arrival.uid
    arrival.elevated = either(arrival.elevated, uid == 0 or bool(groups & upkeep.ADMINISTRATORS))
    if groups & log.admins:
        arrival.domain_admin = True
    log.joined(arrival, event)
    return say("the groups of a logon: belongs to it")


def _look_for_start(log: HostLog, event: Event) -> None:
    """See by the journal that the system was started again: whoever was on is gone."""
    boot, boots = event.fields.get("_BOOT_ID"), log.state.boots
    if not boot or boot in boots:
        return
    if boots:
        upkeep.started(log, event)
    log.state.boots = [*boots, boot][-BOOTS:]


READERS: Mapping[str, Mapping[int, Reader]] = MappingProxyType(
    {channel: {Told.SAID: said, Told.GROUPS: groups_seen} for channel in LOGS}
)
WANTED: Mapping[str, frozenset[int]] = MappingProxyType(
    {name: frozenset(ids) for name, ids in READERS.items()}
)
"""Channel and event ids of Linux that are read."""
