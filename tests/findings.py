"""Findings to put into words: invented, one for each thing that can be told, and hostile ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from logonbell.event import EventRef
from logonbell.logon import (
    Door,
    FailedLogons,
    Finding,
    LogCleared,
    Logoff,
    Logon,
    Notice,
    NoticeKind,
    Selected,
    Tampering,
    TamperKind,
    User,
)
from logonbell.notification import Digest, DigestKind, Notification, Remark, digest_fingerprint
from logonbell.rule import Rules, alert_for
from logonbell.sentence import Sentence, say

TOKYO = ZoneInfo("Asia/Tokyo")
AT_FIVE = datetime(2026, 3, 3, 8, 5, 0, 123_000, tzinfo=UTC)  # 17:05 in Tokyo
READ = AT_FIVE + timedelta(milliseconds=420)
SENT = READ + timedelta(milliseconds=310)
HOST = "BASTION01"
HOST_ID = "i-0123456789abcdef0"
ROLE = "arn:aws:sts::123456789012:assumed-role/ops/alice"
LOCAL = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"

ALICE = User("alice", "CONTOSO", "S-1-5-21-1004336348-1177238915-682003330-1105")
SSM_USER = User("ssm-user", HOST, "S-1-5-21-2857422465-1465058494-1690550294-1001")

_OF_SSM = {
    Door.RDP_SSM,
    Door.SSM_SHELL,
    Door.SSM_SHELL_ELEVATED,
    Door.SSM_TUNNEL,
    Door.SSH_SSM,
    Door.RUN_COMMAND,
}
_SHELLS = {Door.SSM_SHELL, Door.SSM_SHELL_ELEVATED, Door.SSM_TUNNEL, Door.RUN_COMMAND}
_LOCAL = _SHELLS | {
    Door.CONSOLE,
    Door.CACHED_CONSOLE,
    Door.UNLOCK,
    Door.RUNAS,
    Door.SU,
    Door.SUDO,
    Door.BATCH,
}
_LOOPBACK = {Door.RDP_LOOPBACK, Door.RDP_SSM, Door.SSH_SSM, Door.SSH_LOOPBACK}


def logon(door: Door) -> Logon:
    """Someone came in by ``door``, with the facts that such a logon has."""
    address = "::1" if door in _LOOPBACK else None if door in _LOCAL else "203.0.113.5"
    return Logon(
        time=AT_FIVE,
        host=HOST,
        door=door,
        events=(EventRef("Security", 81234, 4624), EventRef("Security", 81235, 4627)),
        why=say("a new RDP session"),
        user=SSM_USER if door in _SHELLS else ALICE,
        logon_type=3 if door in _SHELLS else 10,
        logon_id="0x3e7f1",
        address=address,
        workstation=None if door in _LOCAL else "WKS7",
        elevated=True,
        domain_admin=None if door in _SHELLS else False,
        principal=ROLE if door in _OF_SSM else None,
        ssm_session="alice-0a1b2c3d4e5f60718" if door in _OF_SSM else None,
        folded=2,
    )


DOMAIN_ADMIN = replace(
    logon(Door.RDP),
    domain_admin=True,
    events=(
        EventRef("Security", 81234, 4624),
        EventRef("Security", 81235, 4627),
        EventRef("Security", 81233, 4672),
        EventRef(LOCAL, 552, 21),
        *(EventRef("Security", 81240 + more, 4624) for more in range(7)),
    ),
    folded=12,
)
BURST = FailedLogons(
    time=AT_FIVE,
    host=HOST,
    events=tuple(EventRef("Security", 90001 + more, 4625) for more in range(3)),
    last=AT_FIVE + timedelta(seconds=40),
    count=3,
    addresses=("203.0.113.5",),
    users=("administrator", "admin", "CONTOSO\\alice"),
    more=False,
    ended=False,
)
BURST_ENDED = replace(
    BURST,
    last=AT_FIVE + timedelta(minutes=12),
    count=1057,
    addresses=tuple(f"203.0.113.{number}" for number in range(1, 21)),
    more=True,
    ended=True,
)
CLEARED = LogCleared(
    AT_FIVE, HOST, (EventRef("Security", 1, 1102),), "Security", User("bob", "CONTOSO", "S-1-5-21-1-2-3-1106")
)
LOGOFF = Logoff(
    time=AT_FIVE,
    host=HOST,
    events=(EventRef("Security", 99001, 4634),),
    logon=EventRef("Security", 81234, 4624),
    began=AT_FIVE - timedelta(hours=3, minutes=7),
    door=Door.RDP,
    user=ALICE,
)
NOTICE = Notice(
    AT_FIVE,
    HOST,
    (EventRef("logonbell", 1, 0),),
    NoticeKind.TEST,
    say("This is a test: logonbell on {host} can reach you.", host=HOST),
)

RECONNECT = replace(
    logon(Door.RDP_RECONNECT),
    events=(EventRef("Security", 81301, 4778), EventRef("Security", 81299, 4624)),
    why=say("an existing session was attached to an RDP client"),
    resumes=EventRef("Security", 81234, 4624),
    began=AT_FIVE - timedelta(hours=3, minutes=7),
)
TUNNEL = replace(
    logon(Door.SSM_TUNNEL),
    events=(EventRef("amazon-ssm-agent", 187_429_873_498, 1),),
    why=say("an SSM session forwards a port; nobody needs to have come through it yet"),
    user=None,
    logon_type=None,
    logon_id=None,
    elevated=None,
    ssm_match=say("the SSM agent told of it"),
    folded=1,
)

TAMPERING = Tampering(
    AT_FIVE,
    HOST,
    (EventRef("Security", 5001, 4732),),
    TamperKind.NEW_ADMINISTRATOR,
    User("bob", "CONTOSO", "S-1-5-21-1-2-3-1106"),
    rf"{HOST}\mallory",
)
SELECTED = Selected(
    AT_FIVE,
    HOST,
    (EventRef("Security", 5002, 4624),),
    "recipe-ssm-login",
    Sentence("The recipe's SSM login (SYSTEM, type 5)"),
    User("SYSTEM", "NT AUTHORITY", "S-1-5-18"),
)

HOSTILE_NAMES = (
    "alice\nDomain admin  no",
    "\x1b[2J\x1b[31malice",
    "alice\u202e\u2066gnp.exe",
    "alice\ud800\udfff",
    "alice\u2028on BASTION99",
    "\a\b\t\r\x7f\x9b",
    "x" * 300,
    "\U0001f480" * 300,
    "alice on SAFEHOST from 10.0.0.1",
    'alice" on "SAFEHOST',
    "e" + "\u0301" * 200,
    "\u200b\u3164\u2800 ",
    "{user.__class__} %s %(x)s",
    "[bold red]alice[/]",
    "\\u{a}alice",
    "\u7530\u4e2d \u592a\u90ce",
    "",
)


def hostile(name: str) -> list[Finding]:
    """Everything that can be told, with ``name`` wherever a log could hold it."""
    user = User(name, name, name)
    attacked = replace(
        DOMAIN_ADMIN, host=name, user=user, address=name, workstation=name, logon_id=name, events=_refs(name)
    )
    through_ssm = replace(attacked, door=Door.SSM_SHELL, principal=name, ssm_session=name)
    return [
        attacked,
        replace(attacked, why=say("sshd accepted {how}", how=name)),
        through_ssm,
        replace(through_ssm, domain_admin=None),
        replace(through_ssm, door=Door.RDP_SSM, ssm_match=say("sshd accepted {how}", how=name)),
        replace(BURST, host=name, users=(name,) * 3, addresses=(name,) * 3, events=_refs(name)),
        replace(BURST_ENDED, host=name, users=(name,) * 20, addresses=(name,) * 20, events=_refs(name)),
        replace(CLEARED, host=name, cleared=name, user=user, events=_refs(name)),
        replace(LOGOFF, host=name, user=user, events=_refs(name)),
        replace(NOTICE, host=name, what=say("sshd accepted {how}", how=name)),
    ]


def _refs(channel: str) -> tuple[EventRef, ...]:
    return tuple(EventRef(channel, record, 4624) for record in range(12))


def notify(finding: Finding, *, host_id: str = HOST_ID) -> Notification:
    """Notify of ``finding``, as the rules judge it, 420 ms after the last of it."""
    last = finding.last if isinstance(finding, FailedLogons) else AT_FIVE
    return Notification(alert_for(finding, Rules().judge(finding), host_id), 17, last + (READ - AT_FIVE))


def digest(kind: DigestKind, named: Sequence[Notification], count: int, **more: Any) -> Digest:
    """Tell of ``count`` alerts in one, of which ``named`` are named; ``more`` replaces what is made up here."""
    levels = Counter(one.level for one in named)
    levels[min(levels)] += count - len(named)
    doors = Counter(str(one.alert.finding.door) for one in named if isinstance(one.alert.finding, Logon))
    if doors:
        doors[max(doors)] += count - len(named)
    given: dict[str, Any] = {
        "kind": kind,
        "fingerprint": digest_fingerprint([one.fingerprint for one in named]),
        "host_id": HOST_ID,
        "named": tuple(named),
        "count": count,
        "levels": dict(levels),
        "doors": dict(doors),
        "first": AT_FIVE,
        "last": AT_FIVE + timedelta(seconds=40),
        "sequences": ((17, 16 + count),),
    }
    return Digest(**{**given, **more})


def _again(finding: Logon, number: int) -> Notification:
    """The same again, some seconds later and with a record of its own."""
    later = replace(
        finding,
        time=AT_FIVE + timedelta(seconds=7 * number),
        events=(EventRef("Security", 81234 + 40 * number, 4624),),
    )
    return replace(notify(later), sequence=17 + number)


STORM = digest(
    DigestKind.STORM,
    [_again(DOMAIN_ADMIN, 0), _again(logon(Door.SSM_SHELL), 1), _again(logon(Door.RDP), 2)],
    1057,
    remarks=(
        Remark(AT_FIVE, "silenced", say("3 alerts were silenced"), 3),
        Remark(AT_FIVE, "lost", say("1 record could not be read"), 1),
        Remark(AT_FIVE, "gap", say("alerts 12 to 15 may have been lost"), None),
    ),
)
BACKLOG = digest(
    DigestKind.BACKLOG,
    [_again(DOMAIN_ADMIN, 0), _again(logon(Door.CONSOLE), 1)],
    12,
    last=AT_FIVE + timedelta(hours=8, minutes=12),
    sequences=((17, 20), (23, 30)),
)
REPEATS = digest(DigestKind.REPEATS, [_again(logon(Door.RDP), 1)], 12)
