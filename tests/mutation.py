"""Events as no Windows ever wrote them: broken, hostile, out of their time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from days import random_day
from logonbell.event import Event
from logonbell.logon import Finding
from logonbell.notification import Notification
from logonbell.recognise.session import CHANNEL as SSM
from logonbell.recognise.session import Told
from logonbell.recognise.windows import WANTED, Recogniser
from logonbell.rule import Rules, alert_for
from logonbell.store.codec import alert_from_json, alert_to_json, finding_from_json, finding_to_json
from logonbell.text.message import body, subject
from logonbell.wire import line
from recognising import pass_in_pieces

HOSTILE = (
    "",
    "-",
    "x" * 65_536,
    "0x" + "f" * 65_536,
    "9" * 5_000,
    "\x00\x01\x1b[2J\r\n\t\x7f\x9b",
    "\u202ealice\u2066\u200f",
    "\ud800",
    "\udfffadmin",
    "-1",
    "-0x1",
    "0x",
    "0x-1",
    "+7",
    " 10 ",
    "\u0663",
    "\u00b2",
    "1_0",
    "4294967296",
    "18446744073709551616",
    "1e400",
    "NaN",
    "None",
    "{user.__class__} %s {}",
    "%%1842",
    "%{S-1-5-21-1-2-3-512}",
    "S-1-5-21-1-2-3-512",
    "S-1-5-18",
    "S-1-",
    "\\",
    "\\\\\\",
    "CORP\\",
    "\\mori",
    "mori@corp.example.com",
    "@",
    "\u30ed\u30fc\u30ab\u30eb",
    "::%16777216",
    "::ffff:127.0.0.1%eth0",
    "[::1]:3389",
    "999.1.1.1",
    "127.1",
    "0.0.0.0",  # noqa: S104 - as a log writes it
    "2026-13-45T99:99:99",
    "Accepted publickey for  from  port ",
    "Accepted password for a from b port 1 for mori from ::1 port 22 ssh2",
    "Accepted " * 500,
)
"""What may stand in any field."""

MOMENTS = (
    datetime.min.replace(tzinfo=UTC),
    datetime(1601, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
)
JUMPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (-86_400 * 365, -3600, -301, -299, -61, -2, 0, 2, 61, 3600, 10**9)
)
_OTHERS: Mapping[str, tuple[str, ...]] = {
    SSM: (
        "SessionId", "Owner", "Document", "DocumentType", "Plugin", "Port", "Target", "Elevated", "RunAsUser",
        "ProcessId", "InstanceId", "Since", "LocalPort", "LogonChannel", "LogonRecordId", "Addresses",
    ),
    "Security": ("AuditPolicyChanges", "SubcategoryGuid", "SidList", "TargetSid", "MemberSid", "MemberName"),
    "System": ("param1", "param3", "param5", "param7"),
}  # fmt: skip
_LIKELY: Mapping[str, tuple[str, ...]] = {
    "SessionId": ("mori-0a1b2c3d4e5f60718", "sato-00112233445566778"),
    "DocumentType": ("StartSession", "SendCommand"),
    "Plugin": ("Standard_Stream", "Port", "InteractiveCommands"),
    "Port": ("3389", "22", "8443"),
    "Target": ("", "localhost", "10.0.0.5"),
    "Elevated": ("true", "false"),
    "ProcessId": ("4242", "0x1092"),
    "Addresses": ("10.0.0.5 fe80::1",),
    "AuditPolicyChanges": ("%%8448", "%%8449"),
    "SubcategoryGuid": ("{0cce9215-69ae-11d9-bed3-505054503030}",),
    "TargetSid": ("S-1-5-32-544",),
}

Mutation = Callable[[Random, list[Event]], None]


def _without_field(random: Random, events: list[Event]) -> None:
    place = random.randrange(len(events))
    fields = dict(events[place].fields)
    if fields:
        del fields[random.choice(sorted(fields))]
    events[place] = replace(events[place], fields=fields)


def _hostile_field(random: Random, events: list[Event]) -> None:
    place = random.randrange(len(events))
    fields = dict(events[place].fields)
    names = sorted(fields) or ["TargetUserName"]
    for _ in range(random.choice((1, 1, 2, len(names)))):
        fields[random.choice(names)] = random.choice(HOSTILE)
    events[place] = replace(events[place], fields=fields)


def _borrowed_field(random: Random, events: list[Event]) -> None:
    one, other = random.randrange(len(events)), random.choice(events)
    shared = sorted(set(events[one].fields) & set(other.fields))
    if shared:
        name = random.choice(shared)
        events[one] = replace(events[one], fields={**events[one].fields, name: other.fields[name]})


def _other_kind(random: Random, events: list[Event]) -> None:
    place = random.randrange(len(events))
    channel = random.choice(sorted(WANTED))
    event_id = random.choice(sorted(WANTED[channel]))
    events[place] = replace(events[place], channel=channel, event_id=event_id)


def _other_time(random: Random, events: list[Event]) -> None:
    place = random.randrange(len(events))
    if random.random() < 0.3:
        moment = random.choice(MOMENTS)
    else:
        try:
            moment = events[place].time + random.choice(JUMPS)
        except OverflowError:
            moment = MOMENTS[-1]
    events[place] = replace(events[place], time=moment)


def _clock_set(random: Random, events: list[Event]) -> None:
    place, jump = random.randrange(len(events)), random.choice(JUMPS)
    for later in range(place, len(events)):
        try:
            events[later] = replace(events[later], time=events[later].time + jump)
        except OverflowError:
            return


def _other_system(random: Random, events: list[Event]) -> None:
    place = random.randrange(len(events))
    which = random.choice(("host", "sid", "provider", "record_id"))
    if which == "record_id":
        events[place] = replace(events[place], record_id=random.choice((0, 1, -1, 2**64 - 1)))
    elif which == "sid":
        events[place] = replace(events[place], sid=random.choice((*HOSTILE, None, "S-1-5-21-1-2-3-1004")))
    elif which == "host":
        events[place] = replace(events[place], host=random.choice(HOSTILE))
    else:
        events[place] = replace(events[place], provider=random.choice(HOSTILE))


def _moved(random: Random, events: list[Event]) -> None:
    event = events.pop(random.randrange(len(events)))
    events.insert(random.randrange(len(events) + 1), event)


def _repeated(random: Random, events: list[Event]) -> None:
    events.insert(random.randrange(len(events) + 1), random.choice(events))


def _lost(random: Random, events: list[Event]) -> None:
    if len(events) > 1:
        del events[random.randrange(len(events))]


def _made_up(random: Random, events: list[Event]) -> None:
    like = random.choice(events)
    channel = random.choice((SSM, SSM, "Security", "System"))
    names = _OTHERS[channel]
    fields = {
        name: random.choice(_LIKELY.get(name, HOSTILE) if random.random() < 0.8 else HOSTILE)
        for name in names
        if random.random() < 0.9
    }
    event_id = random.choice(sorted(WANTED[channel]))
    if channel == SSM and random.random() < 0.6:
        event_id = random.choice((Told.OPENED, Told.CLOSED))
    made = replace(
        like, channel=channel, event_id=int(event_id), record_id=random.randrange(10**6), fields=fields
    )
    events.insert(random.randrange(len(events) + 1), replace(made, provider="", sid=None))


MUTATIONS: tuple[Mutation, ...] = (
    _without_field,
    _hostile_field,
    _hostile_field,
    _borrowed_field,
    _other_kind,
    _other_time,
    _clock_set,
    _other_system,
    _moved,
    _repeated,
    _lost,
    _made_up,
    _made_up,
)


def mutated(seed: int) -> list[Event]:
    """Make a day and spoil it, the same for the same seed."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    events = random_day(random).events or random_day(Random(7)).events  # noqa: S311 - likewise
    for _ in range(random.choice((1, 2, 5, 20, 60))):
        random.choice(MUTATIONS)(random, events)
    return events


def withstands(events: Sequence[Event], random: Random) -> int:
    """Hold what comes of any events at all to what is promised of it; return how many findings there were.

    Nothing fails; cutting anywhere changes nothing; every finding can be written, kept, said in both languages.
    """
    whole, after = pass_in_pieces(events, ())
    cuts = {random.randrange(len(events)) for _ in range(random.choice((1, 3, len(events))))}
    pieces, after_pieces = pass_in_pieces(events, cuts)
    assert _written(pieces) == _written(whole)
    assert after_pieces == after
    assert Recogniser.restore(after).snapshot() == after
    for finding in whole:
        tellable(finding)
    return len(whole)


def tellable(finding: Finding) -> None:
    """Write a finding in every way there is."""
    rules = Rules()
    alert = alert_for(finding, rules.judge(finding), "i-0123456789abcdef0")
    assert finding_from_json(finding_to_json(finding)) == finding
    assert alert_from_json(alert_to_json(alert)) == alert
    told = Notification(alert, 1, datetime(2026, 5, 4, tzinfo=UTC))
    for language in ("en", "ja"):
        text = subject(told, language=language, host_name=finding.host)
        text += body(
            told, language=language, zone=ZoneInfo("Asia/Tokyo"), host_name=finding.host, sent=told.read
        )
        text.encode()


def _written(findings: Sequence[Finding]) -> list[str]:
    rules = Rules()
    return [json.dumps(line(finding, rules.judge(finding))) for finding in findings]
