"""What silences promise: they hold back what they name and nothing else, never what is critical, and they end."""

from __future__ import annotations

import zoneinfo
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given

from any_facts import alerts
from logonbell.alert import Alert, Level
from logonbell.errors import Refused
from logonbell.event import EventRef
from logonbell.logon import Door, FailedLogons, LogCleared, NoticeKind, User
from logonbell.notice import notice
from logonbell.rule import Verdict, alert_for
from logonbell.sentence import say
from logonbell.silence import Cover, Maintenance, Silence, read_network, silencing
from notifications import HOST_ID, NOON, notification

HOUR = timedelta(hours=1)


def silence(**cover: Any) -> Silence:
    """Make a silence from 11:00 to 13:00."""
    return Silence(1, Cover(**cover), "patching", "alice", NOON - HOUR, NOON + HOUR)


def alert(level: Level = Level.HIGH, **facts: Any) -> Alert:
    r"""Make an alert of the RDP logon of CONTOSO\alice at noon, or as ``facts`` say."""
    return replace(notification(0, **{"time": NOON, **facts}).alert, level=level)


def is_silenced(one: Alert, **cover: Any) -> bool:
    """Whether a silence of this holds an alert back."""
    return silencing(one, [silence(**cover)]) is not None


@pytest.mark.parametrize(
    ("cover", "fits"),
    [
        ({}, True),
        ({"doors": ("rdp",)}, True),
        ({"doors": ("console", "rdp")}, True),
        ({"doors": ("console",)}, False),
        ({"users": ("Alice",)}, True),
        ({"users": (r"contoso\ALICE",)}, True),
        ({"users": ("S-1-5-21-1-2-3-1104",)}, True),
        ({"users": (r"OTHER\alice",)}, False),
        ({"users": ("alic",)}, False),
        ({"addresses": ("203.0.113.5",)}, True),
        ({"addresses": ("203.0.113.0/24",)}, True),
        ({"addresses": ("10.0.0.0/8", "2001:db8::/32")}, False),
        ({"hosts": ("bastion01",)}, True),
        ({"hosts": ("BASTION01.contoso.example",)}, True),
        ({"hosts": (HOST_ID,)}, True),
        ({"hosts": ("bastion0",)}, False),
        ({"rules": ("logon",)}, True),
        ({"rules": ("log-cleared",)}, False),
        ({"principals": ("ops",)}, False),
        ({"doors": ("rdp",), "users": ("alice",)}, True),
        ({"doors": ("rdp",), "users": ("bob",)}, False),
    ],
)
def test_a_silence_covers_what_it_names(cover: dict[str, tuple[str, ...]], *, fits: bool) -> None:
    """Each criterion that is given must fit, by one of its values; names match whole, whatever their case."""
    assert is_silenced(alert(), **cover) is fits


def test_a_principal_is_named_whole_or_by_its_last_part() -> None:
    """An SSM session is silenced by its ARN, or by the session's name."""
    shell = alert(principal="arn:aws:sts::111122223333:assumed-role/Ops/carol", door=Door.SSM_SHELL)
    assert is_silenced(shell, principals=("carol",))
    assert is_silenced(shell, principals=("arn:aws:sts::111122223333:assumed-role/Ops/carol",))
    assert not is_silenced(shell, principals=("Ops",))


@pytest.mark.parametrize("address", ["::ffff:203.0.113.5", " 203.0.113.5 ", "203.0.113.5"])
def test_an_address_is_the_same_however_it_is_written(address: str) -> None:
    """Windows writes one address in several ways; a silence of it covers them all."""
    assert is_silenced(alert(address=address), addresses=("203.0.113.5",))


@pytest.mark.parametrize("address", [None, "", "LOCAL", "203.0.113.5; drop table", "fe80::1%4"])
def test_what_is_no_address_fits_no_network(address: str | None) -> None:
    """An address that is missing, or is none, is never taken for one that is expected."""
    assert not is_silenced(alert(address=address), addresses=("0.0.0.0/0",))
    assert not is_silenced(alert(user=None), users=("alice",))


def burst(users: tuple[str, ...], addresses: tuple[str, ...], *, more: bool = False) -> Alert:
    """Make the alert of a burst of failed logons."""
    where = (EventRef("Security", 1, 4625),)
    found = FailedLogons(NOON, "B", where, NOON, 9, addresses, users, more=more, ended=False)
    return alert_for(found, Verdict(True, Level.MEDIUM, "failed-logons", say("it rings")), HOST_ID)


def test_a_burst_is_covered_only_as_a_whole() -> None:
    """A scanner that is expected hides no other that fails beside it."""
    assert is_silenced(burst(("scan",), ("10.0.0.9",)), addresses=("10.0.0.9",), users=("scan",))
    assert not is_silenced(burst(("scan", "admin"), ("10.0.0.9",)), users=("scan",))
    assert not is_silenced(burst(("scan",), ("10.0.0.9", "203.0.113.9")), addresses=("10.0.0.0/8",))
    assert not is_silenced(burst(("scan",), ("10.0.0.9",), more=True), users=("scan",))
    assert not is_silenced(burst((), ()), users=("scan",), addresses=("10.0.0.0/8",))


def test_a_cleared_log_has_no_door_and_no_address() -> None:
    """A silence of a door or a network holds back nothing that has none."""
    cleared = LogCleared(NOON, "B", (EventRef("Security", 1, 1102),), "Security", User("mallory"))
    one = alert_for(cleared, Verdict(True, Level.HIGH, "log-cleared", say("it rings")), HOST_ID)
    assert not is_silenced(one, doors=tuple(Door))
    assert not is_silenced(one, addresses=("0.0.0.0/0", "::/0"))
    assert is_silenced(one, users=("mallory",))


@given(alerts)
def test_nothing_critical_is_ever_silenced(one: Alert) -> None:
    """Whatever is silenced and whenever: a critical alert is told."""
    always = Silence(
        1, Cover(), "all", "a", datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    )
    window = Maintenance(Cover(), "all", frozenset(range(7)), time(0), time(23, 59), UTC)
    assert silencing(replace(one, level=Level.CRITICAL), [always], [window]) is None


def test_no_silence_hides_what_logonbell_says_of_itself() -> None:
    """That a silence was added is told, also while all is silent."""
    said = notice(NoticeKind.SILENCE, say("alice silences all"), host_id="h", number=1, time=NOON)
    assert not is_silenced(said)


@pytest.mark.parametrize(
    ("minutes", "fits"), [(-61, False), (-60, True), (0, True), (59, True), (60, False), (61, False)]
)
def test_a_silence_begins_and_ends_by_itself(minutes: int, *, fits: bool) -> None:
    """It holds back what happened while it was on: not before, not from its end on."""
    assert is_silenced(alert(time=NOON + timedelta(minutes=minutes))) is fits


TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "fits"),
    [
        (datetime(2026, 3, 7, 22, 0, tzinfo=TOKYO), True),  # a Saturday
        (datetime(2026, 3, 7, 21, 59, 59, tzinfo=TOKYO), False),
        (datetime(2026, 3, 8, 1, 59, 59, tzinfo=TOKYO), True),
        (datetime(2026, 3, 8, 2, 0, tzinfo=TOKYO), False),
        (datetime(2026, 3, 8, 22, 0, tzinfo=TOKYO), False),
        (datetime(2026, 3, 7, 1, 0, tzinfo=TOKYO), False),
        (datetime(2026, 3, 7, 14, 0, tzinfo=UTC), True),
    ],
)
def test_maintenance_is_a_stretch_of_the_week(moment: datetime, *, fits: bool) -> None:
    """Saturday 22:00 to 02:00 is in the zone of the settings, and ends on Sunday morning."""
    window = Maintenance(Cover(), "patching", frozenset({5}), time(22), time(2), TOKYO)
    assert (silencing(alert(time=moment), [], [window]) is window) is fits


def test_maintenance_follows_the_wall_clock() -> None:
    """In summer as in winter, 03:00 is when people see 03:00; a calendar that ends makes no trouble."""
    window = Maintenance(Cover(), "backup", frozenset(range(7)), time(3), time(4), BERLIN)
    for month in (1, 7):
        assert silencing(alert(time=datetime(2026, month, 15, 3, 30, tzinfo=BERLIN)), [], [window])
    last = datetime.max.replace(tzinfo=UTC)
    assert silencing(alert(time=last), [], [replace(window, zone=TOKYO)]) is None


@pytest.mark.parametrize(
    ("begins", "ends", "minutes"),
    [
        # On 2026-03-29 the clocks go from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
        (time(2), time(3), (0, 120)),
        (time(2, 30), time(3, 30), (30, 90)),
        (time(1), time(4), (120, 240)),
        (time(22), time(2), (240, 240)),
        (time(22), time(2, 30), (240, 300)),
        (time(0), time(23, 50), (23 * 60 - 10, 25 * 60 - 10)),
    ],
)
def test_maintenance_over_a_change_of_the_clocks(begins: time, ends: time, minutes: tuple[int, int]) -> None:
    """It is on while the clock on the wall shows so: an hour that is left out holds nothing, one that comes twice all of it.

    Of a window over midnight, the night that begins on Saturday is counted.
    """
    over_midnight = begins > ends
    window = Maintenance(Cover(), "patching", frozenset({5 if over_midnight else 6}), begins, ends, BERLIN)
    for day, expected in zip(
        (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)), minutes, strict=True
    ):
        moments = (day + timedelta(minutes=10 * number) for number in range(2 * 24 * 6))
        held = sum(window.holds(alert(time=moment)) for moment in moments)
        assert 10 * held == expected


def test_what_holds_back_says_why() -> None:
    """Whoever asks why nothing rang reads by whose word, until when, and why."""
    assert str(silence().why) == "silenced by alice until 2026-03-04 13:00 UTC (patching)"
    window = Maintenance(Cover(), "patching", frozenset({5}), time(22), time(2), TOKYO)
    assert str(window.why) == "maintenance, 22:00 to 02:00 (patching)"
    assert str(Cover(doors=("rdp", "console"), users=("bob",)).words) == "door rdp, console, user bob"
    assert str(Cover().words) == "everything"


def test_networks_are_read_in_one_form() -> None:
    """An address, or a network with whatever bits set, is written as one; what is none is refused with examples."""
    assert [read_network(text) for text in ("10.1.2.3/8", " 203.0.113.5", "2001:DB8::/32", "::1")] == [
        "10.0.0.0/8",
        "203.0.113.5",
        "2001:db8::/32",
        "::1",
    ]
    with pytest.raises(Refused, match="no address and no network"):
        read_network("home")
