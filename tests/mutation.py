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
from logonbell.recognise.recogniser import READERS, Recogniser
from logonbell.recognise.session import CHANNEL as SSM
from logonbell.recognise.session import Told
from logonbell.rule import Rules, alert_for
from logonbell.sources.record import event_of
from logonbell.store.codec import alert_from_json, alert_to_json, finding_from_json, finding_to_json
from logonbell.text.message import body, subject
from logonbell.wire import line
from recognising import pass_in_pieces, pass_live

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
    "9223372036854775808",
    "0x8000000000000000",
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
    "Security": (
        "AuditPolicyChanges", "SubcategoryGuid", "SidList", "TargetSid", "MemberSid", "MemberName", "SubjectUserSid",
        "SubjectUserName", "TargetUserSid", "TargetUserName", "TargetLogonId", "LogonID", "AccountName",
    ),
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
    "SidList": ("%{S-1-5-21-2025429265-492894223-1708537768-512}",),
    "SubjectUserSid": ("S-1-5-18", "S-1-5-21-1-2-3-500"),
    "TargetUserSid": ("S-1-5-21-1004336348-1177238915-682003330-1009",),
    "TargetUserName": ("ssm-user", "mori"),
    "AccountName": ("mori", "sato"),
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "TargetUserName": (
        "SYST\u00c8ME",
        "ANONYMOUS-ANMELDUNG",
        "LOGON AN\u00d4NIMO",
        "Administrateur",
        "\u7ba1\u7406\u8005",
    ),
    "TargetDomainName": ("AUTORITE NT", "NT-AUTORIT\u00c4T", "AUTORIDADE NT", "AzureAD", "MicrosoftAccount"),
    "User": ("BASTION-01\\\u7ba1\u7406\u8005", "AzureAD\\Mori", "mori@corp.example.com", ".\\mori"),
    "Address": ("LOKAL", "\u30ed\u30fc\u30ab\u30eb", "\u672c\u5730", "fe80::5%3"),
}
"""What other Windows call the same."""
WRONG: tuple[object, ...] = (
    None, True, False, 0, -1, 10, 2**63, 2**64, -(2**63), 1.5, [], ["10", None], {}, {"#text": "10"},
    {"#text": None}, {"#attributes": {"Name": "LogonType"}}, {"a": {"b": ["c", {"d": 1}]}},
)  # fmt: skip
"""What may stand in a record's JSON where a text belongs."""
LATER_FIELDS = (
    ("ImpersonationLevel",),
    (
        "RestrictedAdminMode", "TargetOutboundUserName", "TargetOutboundDomainName", "VirtualAccount",
        "TargetLinkedLogonId", "ElevatedToken",
    ),
    ("RemoteCredentialGuard",),
)  # fmt: skip
"""What came with versions 1, 2 and 3 of 4624 (Microsoft, event 4624)."""

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
    channel = random.choice(sorted(READERS))
    event_id = random.choice(sorted(READERS[channel]))
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
        events[place] = replace(
            events[place], record_id=random.choice((0, 1, -1, 2**63 - 1, 2**63, 2**64 - 1))
        )
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


def _other_version(random: Random, events: list[Event]) -> None:
    version = random.randrange(4)
    gone = {name for names in LATER_FIELDS[version:] for name in names}
    new = {name: "-" for names in LATER_FIELDS[:version] for name in names}
    for place, event in enumerate(events):
        if event.event_id == 4624:
            fields = {name: value for name, value in event.fields.items() if name not in gone}
            events[place] = replace(event, fields={**new, **fields})


def _other_language(random: Random, events: list[Event]) -> None:
    name = random.choice(sorted(NAMES))
    word = random.choice(NAMES[name])
    for place, event in enumerate(events):
        if name in event.fields and random.random() < 0.5:
            events[place] = replace(event, fields={**event.fields, name: word})


def _wrong_type(random: Random, events: list[Event]) -> None:
    """Spoil a record's JSON before it becomes an event; what cannot be understood is lost."""
    place = random.randrange(len(events))
    event = events[place]
    if event.channel == SSM:
        return
    data: dict[str, object] = dict(event.fields)
    system: dict[str, object] = {
        "Provider": {"#attributes": {"Name": event.provider}},
        "EventID": event.event_id,
        "TimeCreated": {"#attributes": {"SystemTime": event.time.isoformat()}},
        "EventRecordID": event.record_id,
        "Channel": event.channel,
        "Computer": event.host,
        "Security": {"#attributes": {"UserID": event.sid}} if event.sid else None,
    }
    for _ in range(random.choice((1, 1, 3))):
        part = data if data and random.random() < 0.8 else system
        part[random.choice(sorted(part))] = random.choice(WRONG)
    kept: object = random.choice((data, data, data, {"EventXML": data}, *WRONG))
    read = event_of(json.dumps({"Event": {"System": system, random.choice(("EventData", "UserData")): kept}}))
    if read is not None:
        events[place] = read
    elif len(events) > 1:
        del events[place]


def _with_session(random: Random, events: list[Event]) -> None:
    """Let an SSM session stand behind some logon, or beside it: opened, perhaps closed, its worker perhaps seen."""
    place = random.randrange(len(events))
    event = events[place]
    fields = {
        "SessionId": f"mori-{random.randrange(3):017x}",
        "Owner": random.choice(("arn:aws:sts::123456789012:assumed-role/Operators/mori", "")),
        "Document": "AWS-StartPortForwardingSession",
        "DocumentType": "StartSession",
        "Plugin": random.choice(("Port", "Port", "Standard_Stream")),
        "Port": random.choice(("3389", "3389", "22")),
        "Target": random.choice(("", event.fields.get("IpAddress", ""))),
        "Elevated": random.choice(("false", "false", "true")),
        "ProcessId": str(_process_of(event)),
    }
    seen = {
        "LogonChannel": event.channel,
        "LogonRecordId": str(event.record_id),
        "SessionId": random.choice((fields["SessionId"], "")),
        "Since": event.time.isoformat(),
        "Addresses": event.fields.get("IpAddress", ""),
    }
    for told in Told:
        if random.random() < 0.6:
            data = fields if told is Told.OPENED else {**seen, "SessionId": fields["SessionId"]}
            shift = random.choice((-40, -5, -1, 0, 0.1, 2, 30))
            before = max(0, min(len(events), place + random.choice((-3, 0, 0, 1, 5))))
            try:
                time = event.time + timedelta(seconds=shift)
            except OverflowError:
                time = event.time
            made = Event(
                SSM,
                int(told),
                random.randrange(10**6),
                time,
                event.host,
                "",
                seen if told is Told.OWNER else data,
            )
            events.insert(before, made)


def _process_of(event: Event) -> int:
    try:
        return int(event.fields.get("ProcessId", "0x1092")[:10], 16)
    except ValueError:
        return 4242


def _made_up(random: Random, events: list[Event]) -> None:
    like = random.choice(events)
    channel = random.choice((SSM, SSM, "Security", "System"))
    names = _OTHERS[channel]
    fields = {
        name: random.choice(_LIKELY.get(name, HOSTILE) if random.random() < 0.8 else HOSTILE)
        for name in names
        if random.random() < 0.9
    }
    event_id = random.choice(sorted(READERS[channel]))
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
    _other_version,
    _other_language,
    _wrong_type,
    _wrong_type,
    _with_session,
    _with_session,
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
    for finding in [*whole, *pass_live(events, lambda gap: [gap * random.random(), gap])]:
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
