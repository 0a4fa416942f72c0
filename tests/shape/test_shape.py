from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from random import Random
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_eventlog import xml_of
from fakes import NOON
from logonbell.event import Event
from logonbell.logon import Logon
from logonbell.recognise.past import recognise
from logonbell.recognise.windows import CHANNELS, LSM, OPENSSH, RCM, SECURITY
from logonbell.shape.record import RELEVANT, Shape
from logonbell.simulate.day import play_day
from logonbell.sources.rendered import event_of_xml

AUDITING = "Microsoft-Windows-Security-Auditing"
SID = "S-1-5-21-1004336348-1177238915-682003330"


def event(
    fields: dict[str, str], event_id: int = 4624, channel: str = SECURITY, host: str = "BASTION"
) -> Event:
    """Make one record of a log."""
    return Event(
        channel,
        event_id,
        7,
        NOON,
        host,
        AUDITING if channel == SECURITY else channel.partition("/")[0],
        fields,
    )


def shown(*events: Event) -> list[dict[str, str]]:
    """Show records, and read the fields of what is shown."""
    shape = Shape()
    found = []
    for each in events:
        text = shape.of(xml_of(each))
        assert text is not None
        again = event_of_xml(text)
        assert again is not None
        found.append(dict(again.fields))
    return found


# Whatever may be the name of somebody: no word of Windows' own, and none that the form of a record is made of.
names = st.from_regex(r"(?:[qwzjk]{2}[^\W_]{0,3}[ .$_@\\-]?){2,4}[qwzjk]{3}", fullmatch=True)
sids = st.tuples(*[st.integers(1000, 2**32 - 1)] * 4).map(
    lambda parts: f"S-1-5-21-{'-'.join(map(str, parts))}"
)
PSEUDONYMS = (
    "203.0.113.", "198.51.100.", "192.0.2.", "198.18.", "10.0.", "172.16.", "192.168.", "169.254.", "100.64.",
    "2001:db8:", "fd00::", "fe80::", "127.", "0.0.", "::1", "::ffff:7f", "::ffff:127.",
)  # fmt: skip
addresses = st.ip_addresses().map(str).filter(lambda text: len(text) > 6 and not text.startswith(PSEUDONYMS))
tellers = st.one_of(names, sids, addresses)
FIELDS = (
    "SubjectUserName", "TargetUserName", "TargetDomainName", "WorkstationName", "TargetUserSid", "GroupMembership",
    "IpAddress", "IpPort", "LogonType", "LogonProcessName", "ProcessName", "ProcessId", "TargetLogonId", "LogonGuid",
    "PrivilegeList", "Param1", "Param3", "User", "Address", "payload", "param1", "param6", "Channel", "Whatever",
)  # fmt: skip
around = st.sampled_from(
    [
        "{}",
        " {} ",
        "C:\\Users\\{}\\x.exe",
        "%{{{}}}",
        "Accepted publickey for {} from {} port 22 ssh2",
        "({}), [{}]",
        "{}$",
        "{}@{}",
    ]
)


@settings(max_examples=15)
@given(
    st.sampled_from([(channel, number) for channel, ids in RELEVANT.items() for number in sorted(ids)]),
    st.dictionaries(st.sampled_from(FIELDS), st.tuples(around, tellers), min_size=1),
    names,
)
def test_nothing_that_tells_of_whom_or_where_survives(
    place: tuple[str, int], fields: dict[str, tuple[str, str]], host: str
) -> None:
    """No name, SID or address of a record stands in what is shown of it, in whatever field, and within whatever text."""
    channel, number = place
    provider = {"Security": AUDITING, "System": "User32"}.get(channel, channel.partition("/")[0])
    texts = {
        name: form.replace("{}", teller).replace("{{", "{").replace("}}", "}")
        for name, (form, teller) in fields.items()
    }
    record = Event(channel, number, 9, NOON, host, provider, texts, "S-1-5-18")
    told = Shape().of(xml_of(record))
    assert told is not None
    assert told.isascii()
    assert "\n" not in told
    for teller in [host, *(teller for _, teller in fields.values())]:
        assert teller.casefold() not in told.casefold()
        assert escape(teller).casefold() not in told.casefold()
        for word in re.split(r"[ .$_@\\-]", teller) if teller[0] in "qwzjk" else ():
            assert len(word) < 3 or word.casefold() not in told.casefold()


@settings(max_examples=15)
@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(FIELDS))
def test_whatever_a_value_is_made_of_one_line_of_plain_text_is_shown(value: str, name: str) -> None:
    """What a user, a host or a program is called breaks no line and no form."""
    told = Shape().of(xml_of(event({name: value})))
    assert told is not None
    assert told.isascii()
    assert "\n" not in told
    again = event_of_xml(told)
    assert again is not None
    assert [*again.fields] == [name]


def test_a_day_is_recognised_as_before() -> None:
    """What is shown keeps what recognising goes by: doors, rights and sessions of a whole day are the same."""
    day = [each for each in play_day(NOON.replace(hour=0), Random(1)) if each.channel in CHANNELS]  # noqa: S311 - repeatable
    shape = Shape()
    again = [event_of_xml(text) for each in day if (text := shape.of(xml_of(each))) is not None]
    assert len(again) > 900

    def told(events: list[Event]) -> list[tuple[object, ...]]:
        found = [each for each in recognise(events) if isinstance(each, Logon)]
        return [
            (each.door, each.elevated, each.domain_admin, each.logon_type, len(each.events)) for each in found
        ]

    assert told([each for each in again if each is not None]) == told(day)


def test_the_same_stays_the_same_all_through() -> None:
    """A name, a SID, an address and a number have one pseudonym in all records, and others have others."""
    one, two, three = shown(
        event(
            {
                "TargetUserName": "alice",
                "TargetUserSid": f"{SID}-1105",
                "IpAddress": "203.0.113.77",
                "ProcessId": "0x2a4",
            }
        ),
        event(
            {
                "TargetUserName": "ALICE",
                "TargetUserSid": f"{SID}-1106",
                "IpAddress": "203.0.113.77",
                "ProcessId": "0x2a4",
            }
        ),
        event(
            {
                "TargetUserName": "bob",
                "TargetUserSid": f"{SID}-1105",
                "IpAddress": "203.0.113.78",
                "ProcessId": "0x2a8",
            }
        ),
    )
    assert one["TargetUserName"] == two["TargetUserName"] != three["TargetUserName"]
    assert one["TargetUserSid"] == three["TargetUserSid"] != two["TargetUserSid"]
    assert one["TargetUserSid"].rpartition("-")[0] == two["TargetUserSid"].rpartition("-")[0]
    assert one["IpAddress"] == two["IpAddress"] != three["IpAddress"]
    assert one["ProcessId"] == two["ProcessId"] != three["ProcessId"]


def test_a_host_is_the_same_with_its_domain_and_without() -> None:
    """A local account's domain is the host's own name: that is to be seen."""
    shape = Shape()
    text = shape.of(
        xml_of(
            event(
                {"TargetDomainName": "BASTION", "SubjectUserName": "BASTION$"},
                host="bastion.corp.example.com",
            )
        )
    )
    assert text is not None
    assert "<Computer>HOST1.DOMAIN1.DOMAIN2.DOMAIN3</Computer>" in text
    assert '"TargetDomainName">HOST1<' in text.replace("'", '"')
    assert '"SubjectUserName">HOST1$<' in text.replace("'", '"')


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("TargetUserSid", "S-1-5-18"), ("TargetUserSid", "S-1-5-90-0-2"), ("TargetUserSid", "S-1-0-0"),
        ("TargetUserName", "SYSTEM"), ("TargetUserName", "DWM-2"), ("TargetUserName", "UMFD-0"), ("TargetUserName", "ssm-user"),
        ("TargetUserName", "-"), ("TargetUserName", ""), ("TargetDomainName", "NT AUTHORITY"), ("TargetDomainName", "Window Manager"),
        ("IpAddress", "-"), ("IpAddress", "127.0.0.1"), ("IpAddress", "::1"), ("IpAddress", "::%16777216"), ("IpAddress", "0.0.0.0"),  # noqa: S104
        ("IpPort", "0"), ("IpPort", "3389"), ("IpPort", "-"), ("TargetLogonId", "0x3e7"), ("TargetLogonId", "0x0"),
        ("LogonType", "10"), ("LogonProcessName", "Advapi  "), ("LogonProcessName", "NtLmSsp "), ("ElevatedToken", "%%1842"),
        ("ProcessName", "C:\\Program Files\\Amazon\\SSM\\ssm-session-worker.exe"), ("ProcessName", "-"),
        ("LogonGuid", "{00000000-0000-0000-0000-000000000000}"), ("GroupMembership", "%{S-1-5-32-544} %{S-1-5-2}"),
        ("AuditPolicyChanges", "%%8448, %%8450"), ("SubcategoryGuid", "{0CCE9215-69AE-11D9-BED3-505054503030}"),
        ("PrivilegeList", "SeTcbPrivilege\n\t\t\tSeBackupPrivilege"), ("Unheard", "%%1833"),
    ],
)  # fmt: skip
def test_what_every_windows_has_stays(field: str, value: str) -> None:
    """Well-known accounts, SIDs, addresses, types and codes are the shape, and nobody's own."""
    assert shown(event({field: value})) == [{field: value}]


@pytest.mark.parametrize(
    ("field", "value", "shape"),
    [
        ("TargetUserSid", f"{SID}-500", r"S-1-5-21-1000000000-2000000000-3000000001-500"),
        ("TargetUserSid", f"{SID}-512", r"S-1-5-21-1000000000-2000000000-3000000001-512"),
        ("TargetUserSid", f"{SID}-1105", r"S-1-5-21-1000000000-2000000000-3000000001-1\d{3}"),
        ("TargetUserSid", "S-1-5-80-956008885-3418522649", r"S-1-5-80(-\d{10}){2}"),
        ("TargetUserName", "WKS7$", r"USER\d+\$"),
        ("TargetUserName", "sshd_4711", r"sshd_\d+"),
        ("TargetUserName", "alice@corp.example", r"USER\d+@DOMAIN\d+\.DOMAIN\d+"),
        ("TargetUserName", "CORP\\alice", r"DOMAIN\d+\\USER\d+"),
        ("WorkstationName", "10.1.2.3", r"10\.0\.0\.\d+"),
        ("IpAddress", "10.1.2.3", r"10\.0\.0\.\d+"),
        ("IpAddress", "192.168.7.8", r"192\.168\.0\.\d+"),
        ("IpAddress", "169.254.7.8", r"169\.254\.0\.\d+"),
        ("IpAddress", "8.8.8.8", r"203\.0\.113\.\d+"),
        ("IpAddress", "::ffff:10.1.2.3", r"::ffff:10\.0\.0\.\d+"),
        ("IpAddress", "fe80::1:2%12", r"fe80::1%1"),
        ("IpAddress", "2600:1f14::5", r"2001:db8::1"),
        ("IpPort", "51234", r"500\d\d"),
        ("TargetLogonId", "0x1f00ba", r"0x[0-9a-f]+"),
        ("ProcessName", "C:\\Users\\alice\\Desktop\\evil.exe", r"C:\\Users\\WORD\d+\\WORD\d+\\WORD\d+\.exe"),
        ("LogonGuid", "{D93945A6-F3AE-4EF2-A1F3-3E5B2B9C3A10}", r"\{00000001-0000-4000-8000-000000000000\}"),
    ],
)  # fmt: skip
def test_what_is_somebodys_own_keeps_its_sort(field: str, value: str, shape: str) -> None:
    """A pseudonym shows what matters of a value: private or public, local or of the domain, whose RID, a machine's own."""
    (fields,) = shown(event({field: value}))
    assert re.fullmatch(shape, fields[field]), fields[field]
    assert fields[field] != value


def test_sshd_is_quoted_without_whom_it_names() -> None:
    """The words of sshd stay; who was accepted, from where and with which key does not, whatever he is called."""
    payload = "Accepted publickey for port from 198.51.100.7 port 50000 ssh2: ED25519 SHA256:q0aBcD"
    (fields,) = shown(event({"process": "sshd", "payload": payload}, 4, OPENSSH))
    assert re.fullmatch(
        r"Accepted publickey for USER1 from 203\.0\.113\.1 port \d+ ssh2: ED25519 SHA256:WORD\d+",
        fields["payload"],
    )


def test_1149_has_its_names_without_names() -> None:
    """UserData is read by its elements."""
    (fields,) = shown(event({"Param1": "alice", "Param2": "CORP", "Param3": "203.0.113.5"}, 1149, RCM))
    assert fields == {"Param1": "USER1", "Param2": "DOMAIN1", "Param3": "203.0.113.1"}


def test_times_are_told_by_their_distances() -> None:
    """The first record is at the beginning of the year 2000, to the second; what follows, so much later."""
    shape = Shape()
    texts = [
        shape.of(xml_of(replace(event({}), time=NOON + timedelta(seconds=seconds), record_id=record)))
        for seconds, record in ((0.25, 81_000), (90.5, 81_007), (-3600, 81_010))
    ]
    times = [re.findall("SystemTime=[\"'](.*?)[\"']", text or "")[0] for text in texts]
    assert times == [
        "2000-01-01T00:00:00.2500000Z",
        "2000-01-01T00:01:30.5000000Z",
        "1999-12-31T23:00:00.0000000Z",
    ]
    assert [re.findall("<EventRecordID>(.*?)<", text or "") for text in texts] == [["1"], ["8"], ["11"]]


@pytest.mark.parametrize(
    "of",
    [
        event({}, 4688),
        replace(event({}), channel="Application"),
        replace(event({}, 104), channel="System", provider="Somebody"),
    ],
)
def test_what_is_of_no_interest_is_not_shown(of: Event) -> None:
    """Command lines, other logs, and other programs' records under the same number stay at home."""
    assert Shape().of(xml_of(of)) is None


def test_what_is_no_xml_is_told() -> None:
    """Whoever asks counts it."""
    with pytest.raises(ValueError, match="syntax"):
        Shape().of("no record")


def test_versions_and_forms_stay() -> None:
    """The version of 4624 is what is asked of Server 2025: whatever stands in System is shown, and fields that are new."""
    text = xml_of(event({"New": "alice"})).replace(
        "</EventID>", "</EventID><Version>3</Version><Level>0</Level><Keywords>0x8020000000000000</Keywords>"
    )
    told = Shape().of(text)
    assert told is not None
    assert (
        "<EventID>4624</EventID><Version>3</Version><Level>0</Level><Keywords>0x8020000000000000</Keywords>"
        in told
    )
    assert re.search(r'<Data Name="New">WORD\d+</Data>', told)


def test_41_of_the_session_manager_is_shown() -> None:
    """What stands around a logon is of interest for a report, though nothing is recognised by it."""
    assert shown(event({"User": "CORP\\alice", "SessionID": "2"}, 41, LSM)) == [
        {"User": "DOMAIN1\\USER1", "SessionID": "2"}
    ]


@pytest.mark.parametrize(
    "what", ["\\", "@", ":", ".", "0:", " for ", " from a port ", "S-1-5-", "-1", "%", "{", "\u0661"]
)
@pytest.mark.parametrize(
    "name", ["TargetUserName", "IpAddress", "payload", "GroupMembership", "PrivilegeList", "Whatever"]
)
def test_what_is_made_to_be_hard_costs_no_time(what: str, name: str) -> None:
    """A value of a record's full size, however it is made, is shown as fast as others."""
    began = time.process_time()
    channel, number = (OPENSSH, 4) if name == "payload" else (SECURITY, 4624)
    told = Shape().of(xml_of(event({name: what * (30_000 // len(what)) + "x"}, number, channel)))
    assert told is not None
    assert told.isascii()
    assert time.process_time() - began < 5


def test_what_lies_too_deep_is_told() -> None:
    """Whoever asks counts it."""
    deep = "<a>" * 5_000 + "</a>" * 5_000
    with pytest.raises(ValueError, match="too deep"):
        Shape().of(xml_of(event({})).replace("</EventData>", f"</EventData><UserData>{deep}</UserData>"))
