from __future__ import annotations

import os
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from findings import (
    BACKLOG,
    BURST,
    BURST_ENDED,
    CLEARED,
    DOMAIN_ADMIN,
    HOST,
    HOST_ID,
    HOSTILE_NAMES,
    LOGOFF,
    NOTICE,
    READ,
    RECONNECT,
    REPEATS,
    ROLE,
    SELECTED,
    SENT,
    STORM,
    TAMPERING,
    TOKYO,
    TUNNEL,
    hostile,
    logon,
    notify,
)
from logonbell.alert import Level
from logonbell.host import Instance
from logonbell.logon import Door, Finding, Logon, LogonType, User
from logonbell.notification import Telling
from logonbell.proof import Head, Proof
from logonbell.text.escape import fit
from logonbell.text.facts import Reader
from logonbell.text.language import LANGUAGES
from logonbell.text.message import SUBJECT_LIMIT, body, subject
from logonbell.text.sms import sms
from logonbell.text.width import width
from logonbell.text.words import DOORS, LEVELS, LOGON_TYPES

GOLDEN = Path(__file__).parent / "golden"
TOLD: dict[str, Finding] = {
    "rdp-domain-admin": DOMAIN_ADMIN,
    "rdp-loopback": logon(Door.RDP_LOOPBACK),
    "rdp-ssm": logon(Door.RDP_SSM),
    "console": replace(logon(Door.CONSOLE), user=None, elevated=None, domain_admin=None, logon_type=2),
    "ssm-shell": logon(Door.SSM_SHELL),
    "failed-logons": BURST,
    "failed-logons-ended": BURST_ENDED,
    "log-cleared": CLEARED,
    "logoff": LOGOFF,
    "notice": NOTICE,
    "tampering": TAMPERING,
    "selected": SELECTED,
    "hostile": hostile("\x1b[31malice on SAFEHOST\n\u202e\ud800")[0],
    "rdp-reconnect": RECONNECT,
    "ssm-tunnel": TUNNEL,
}
DIGESTS = {"storm": STORM, "backlog": BACKLOG, "repeats": REPEATS}
PROOF = Proof("a" * 32, "sns", 57, "b" * 64, Head(1234, "c" * 64), "d" * 32)
FIRST_LINES = {
    Door.CONSOLE: (
        r"Console logon: CONTOSO\alice on BASTION01",
        r"コンソール ログオン: CONTOSO\alice → BASTION01",
    ),
    Door.CACHED_CONSOLE: (
        r"Console logon (cached): CONTOSO\alice on BASTION01",
        r"コンソール ログオン (キャッシュ): CONTOSO\alice → BASTION01",
    ),
    Door.UNLOCK: (r"Unlock: CONTOSO\alice on BASTION01", r"ロック解除: CONTOSO\alice → BASTION01"),
    Door.RDP: (
        r"RDP logon: CONTOSO\alice on BASTION01 from 203.0.113.5",
        r"RDP ログオン: CONTOSO\alice → BASTION01 (接続元 203.0.113.5)",
    ),
    Door.RDP_RECONNECT: (
        r"RDP reconnect: CONTOSO\alice on BASTION01 from 203.0.113.5",
        r"RDP 再接続: CONTOSO\alice → BASTION01 (接続元 203.0.113.5)",
    ),
    Door.RDP_LOOPBACK: (
        r"RDP logon from loopback: CONTOSO\alice on BASTION01 from ::1",
        r"ループバックからの RDP ログオン: CONTOSO\alice → BASTION01 (接続元 ::1)",
    ),
    Door.RDP_SSM: (
        rf"RDP logon through SSM: CONTOSO\alice by {ROLE} on BASTION01",
        rf"SSM 経由の RDP ログオン: CONTOSO\alice (IAM {ROLE}) → BASTION01",
    ),
    Door.SSM_SHELL: (
        rf"SSM shell: {ROLE} (as BASTION01\ssm-user) on BASTION01",
        rf"SSM シェル: {ROLE} (実行ユーザー BASTION01\ssm-user) → BASTION01",
    ),
    Door.SSM_SHELL_ELEVATED: (
        rf"Elevated SSM shell: {ROLE} (as BASTION01\ssm-user) on BASTION01",
        rf"SSM シェル (昇格): {ROLE} (実行ユーザー BASTION01\ssm-user) → BASTION01",
    ),
    Door.SSM_TUNNEL: (
        rf"SSM tunnel: {ROLE} (as BASTION01\ssm-user) on BASTION01",
        rf"SSM トンネル: {ROLE} (実行ユーザー BASTION01\ssm-user) → BASTION01",
    ),
    Door.SSH: (
        r"SSH logon: CONTOSO\alice on BASTION01 from 203.0.113.5",
        r"SSH ログオン: CONTOSO\alice → BASTION01 (接続元 203.0.113.5)",
    ),
    Door.SSH_SSM: (
        rf"SSH logon through SSM: CONTOSO\alice by {ROLE} on BASTION01",
        rf"SSM 経由の SSH ログオン: CONTOSO\alice (IAM {ROLE}) → BASTION01",
    ),
    Door.SSH_LOOPBACK: (
        r"SSH logon from loopback: CONTOSO\alice on BASTION01 from ::1",
        r"ループバックからの SSH ログオン: CONTOSO\alice → BASTION01 (接続元 ::1)",
    ),
    Door.INSTANCE_CONNECT: (
        r"EC2 Instance Connect logon: CONTOSO\alice on BASTION01 from 203.0.113.5",
        r"EC2 Instance Connect ログオン: CONTOSO\alice → BASTION01 (接続元 203.0.113.5)",
    ),
    Door.SU: (r"su to root: CONTOSO\alice on BASTION01", r"su (root へ): CONTOSO\alice → BASTION01"),
    Door.SUDO: (
        r"Root shell by sudo: CONTOSO\alice on BASTION01",
        r"sudo による root シェル: CONTOSO\alice → BASTION01",
    ),
    Door.WINRM: (
        r"WinRM logon: CONTOSO\alice on BASTION01 from 203.0.113.5",
        r"WinRM ログオン: CONTOSO\alice → BASTION01 (接続元 203.0.113.5)",
    ),
    Door.NETWORK: (
        r"Network logon: CONTOSO\alice on BASTION01 from 203.0.113.5",
        r"ネットワーク ログオン: CONTOSO\alice → BASTION01 (接続元 203.0.113.5)",
    ),
    Door.RUNAS: (
        r"Runas: CONTOSO\alice on BASTION01",
        r"別のユーザーとして実行 (runas): CONTOSO\alice → BASTION01",
    ),
    Door.BATCH: (r"Batch logon: CONTOSO\alice on BASTION01", r"バッチ ログオン: CONTOSO\alice → BASTION01"),
    Door.RUN_COMMAND: (
        rf"SSM Run Command: {ROLE} (as BASTION01\ssm-user) on BASTION01",
        rf"SSM Run Command: {ROLE} (実行ユーザー BASTION01\ssm-user) → BASTION01",
    ),
}


def told(telling: Telling, language: str, sent: datetime) -> str:
    """Subject, body and the part for phones, as their receivers get them."""
    head = subject(telling, language=language, host_name=HOST, zone=TOKYO)
    text = body(telling, language=language, zone=TOKYO, host_name=HOST, sent=sent)
    return f"{head}\n\n{text}\nSMS: {sms(telling, Reader(language, TOKYO, HOST))}\n"


def of_alert(name: str, language: str) -> str:
    """What is told of an alert, sent 310 ms after it was read."""
    notification = notify(TOLD[name])
    return told(notification, language, notification.read + (SENT - READ))


def holds_golden(name: str, language: str, text: str) -> None:
    """Hold a text to its golden file, which ``LOGONBELL_RENEW_GOLDEN=1`` writes anew and fails."""
    path = GOLDEN / language / f"{name}.txt"
    agreed = path.read_text(encoding="utf-8") if path.exists() else ""
    if text != agreed and os.environ.get("LOGONBELL_RENEW_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == agreed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TOLD)
def test_each_kind_of_alert_reads_as_agreed(name: str, language: str) -> None:
    """The whole text, subject, body and SMS, is the golden one, letter for letter, in both languages."""
    holds_golden(name, language, of_alert(name, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", DIGESTS)
def test_each_kind_of_digest_reads_as_agreed(name: str, language: str) -> None:
    """So is what is told of many alerts at once: of a storm, of a time when nobody watched, of somebody again."""
    holds_golden(
        f"digest-{name}", language, told(DIGESTS[name], language, DIGESTS[name].last + timedelta(hours=9))
    )


def test_no_golden_text_is_left_over() -> None:
    """Every golden file is held against what is told."""
    for language in LANGUAGES:
        assert {path.stem for path in (GOLDEN / language).iterdir()} == {
            *TOLD,
            *(f"digest-{name}" for name in DIGESTS),
        }


@pytest.mark.parametrize("door", Door)
def test_line_one_says_who_by_which_door_onto_which_host_from_where(door: Door) -> None:
    """Every door has its first line in both languages, and the subject says the same."""
    notification = notify(logon(door))
    for language, line in zip(LANGUAGES, FIRST_LINES[door], strict=True):
        text = body(notification, language=language, zone=TOKYO, host_name=HOST, sent=SENT)
        assert text.splitlines()[0] == line
        short = line if len(line) <= SUBJECT_LIMIT else line.replace("arn:aws:sts::123456789012:", "")
        assert subject(notification, language=language, host_name=HOST) == short


def test_every_door_level_and_logon_type_has_a_word() -> None:
    """A new door, level or logon type of the domain is not forgotten here."""
    assert set(DOORS) == set(Door)
    assert set(LEVELS) == set(Level)
    assert set(LOGON_TYPES) == set(LogonType)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_writes_no_line_of_its_own(name: str, language: str, ascii_only: bool) -> None:
    """Whatever a log holds: a subject SNS takes, and as many lines of visible text as a harmless name gets."""
    for finding, harmless in zip(hostile(name), hostile("x"), strict=True):
        head = subject(notify(finding), language=language, host_name=name, ascii_only=ascii_only)
        assert 0 < len(head.encode("utf-16-le")) // 2 <= SUBJECT_LIMIT
        assert head[0].isprintable()
        assert not head[0].isspace()
        assert _visible(head)
        assert head.isascii() or not ascii_only
        texts = [
            body(notify(one, host_id=name), language=language, zone=TOKYO, host_name=name, sent=None)
            for one in (finding, harmless)
        ]
        assert all(map(_visible, texts[0].split("\n")))
        assert texts[0].count("\n") == texts[1].count("\n")
        assert len(texts[0]) < 40_000


def _visible(line: str) -> bool:
    return all(unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for one in line)


def test_a_name_cannot_tell_a_story_of_its_own() -> None:
    """A name with spaces is quoted, so that it cannot say where it came from and where it went."""
    finding = replace(logon(Door.RDP), user=User("bob on SAFEHOST from 10.0.0.1 (", "CONTOSO"))
    assert (
        subject(notify(finding), language="en", host_name=HOST)
        == r'RDP logon: "CONTOSO\bob on SAFEHOST from 10.0.0.1 (" on BASTION01 from 203.0.113.5'
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_long_names_leave_room_for_host_and_address(language: str) -> None:
    """When a subject is too long, each name gives way before host and address are cut off at the end."""
    finding = replace(DOMAIN_ADMIN, user=User("a" * 300, "D" * 300))
    head = subject(notify(finding), language=language, host_name=HOST)
    assert len(head) <= SUBJECT_LIMIT
    assert HOST in head
    assert "203.0.113.5" in head
    assert head.startswith(("RDP logon: DDDD", "RDP ログオン: DDDD"))


@pytest.mark.parametrize(
    ("principal", "shown"),
    [
        (ROLE, ROLE),
        (
            "arn:aws:sts::123456789012:assumed-role/AdminOps/alice@example.com-2026",
            "assumed-role/AdminOps/alice@example.com-2026",
        ),
        (
            "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/alice@example.com",
            "alice@example.com",
        ),
        ("arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"),
    ],
)
def test_a_subject_keeps_the_person_of_a_long_principal(principal: str, shown: str) -> None:
    """Where an ARN is too long for a subject, its end stays: the person, not the account and the role."""
    finding = replace(logon(Door.SSM_SHELL), principal=principal)
    head = subject(notify(finding), language="en", host_name=HOST)
    assert head == rf"SSM shell: {shown} (as BASTION01\ssm-user) on BASTION01"


def test_an_ascii_subject_is_english_and_keeps_names_apart() -> None:
    """An old receiver gets English whatever the language, and two Japanese names do not become the same dots."""
    heads = [
        subject(
            notify(replace(logon(Door.RDP), user=User(name))), language="ja", host_name=HOST, ascii_only=True
        )
        for name in ("田中", "中田")
    ]
    assert heads == [
        r"RDP logon: \u{7530}\u{4e2d} on BASTION01 from 203.0.113.5",
        r"RDP logon: \u{4e2d}\u{7530} on BASTION01 from 203.0.113.5",
    ]


def test_emoji_count_twice() -> None:
    """A subject is measured in UTF-16 units, as a receiver written in Java counts."""
    finding = replace(logon(Door.CONSOLE), user=User("\U0001f480" * 60))
    head = subject(notify(finding), language="en", host_name=HOST)
    assert len(head.encode("utf-16-le")) // 2 <= SUBJECT_LIMIT
    assert HOST in head


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TOLD)
def test_facts_are_aligned(name: str, language: str) -> None:
    """The second column begins at the same place in each line, wide letters or not."""
    text = body(notify(TOLD[name]), language=language, zone=TOKYO, host_name=HOST, sent=SENT)
    facts = text.split("\n\n")[1].splitlines()
    starts = set()
    for line in facts:
        label, _, value = line.partition("  ")
        starts.add(width(line) - width(value.lstrip()) if label else width(line) - width(line.lstrip()))
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("domain_admin", "words"),
    [
        (True, "yes"),
        (False, "no"),
        (None, "not known (to know it, switch on the audit subcategory Group Membership)"),
    ],
)
def test_privileges_are_yes_no_or_not_known(domain_admin: bool | None, words: str) -> None:
    """What the log does not tell is never told as a no, and the text says what to switch on."""
    finding = replace(logon(Door.RDP), domain_admin=domain_admin)
    text = body(notify(finding), language="en", zone=TOKYO, host_name=HOST, sent=SENT)
    assert f"Domain admin   {words}\n" in text


def test_what_was_not_sent_yet_has_one_delay() -> None:
    """Before it is sent, a text tells how long reading took and nothing else."""
    text = body(notify(logon(Door.RDP)), language="en", zone=TOKYO, host_name=HOST, sent=None)
    assert "Delay          read 0.4 s after the event\n" in text


def test_a_host_is_told_once_under_each_of_its_names() -> None:
    """The name people know, the name in the log and the instance id are all told, none of them twice."""
    finding = replace(logon(Door.RDP), host="EC2AMAZ-1")
    text = body(notify(finding), language="en", zone=TOKYO, host_name=HOST, sent=None)
    assert "Host           BASTION01, EC2AMAZ-1, i-0123456789abcdef0\n" in text
    text = body(notify(logon(Door.RDP), host_id=HOST), language="en", zone=TOKYO, host_name=HOST, sent=None)
    assert "Host           BASTION01\n" in text


@pytest.mark.parametrize(
    ("language", "place"),
    [
        ("en", "i-0123456789abcdef0, account 123456789012, ap-northeast-1"),
        ("ja", "i-0123456789abcdef0、アカウント 123456789012、ap-northeast-1"),
    ],
)
def test_an_instance_is_told_with_its_tag_and_its_place(language: str, place: str) -> None:
    """Whoever is woken finds it in the account; whoever may write its tag writes no line of ours."""
    here = Instance(HOST_ID, "ap-northeast-1", "123456789012", "bastion\nLevel  low")
    told = replace(notify(logon(Door.RDP)), instance=here)
    for one in (told, replace(STORM, instance=here, named=(told,))):
        text = body(one, language=language, zone=TOKYO, host_name=HOST, sent=SENT)
        assert rf'BASTION01, "bastion\u{{a}}Level \u{{20}}low" ({place})' in text


@pytest.mark.parametrize(("folded", "words"), [(2, None), (9, "and 7 more"), (1_000, "and 998 more")])
def test_events_that_are_not_named_are_counted(folded: int, words: str | None) -> None:
    """However many events are behind an alert, those named and those counted make up all of them."""
    text = body(
        notify(replace(logon(Door.RDP), folded=folded)), language="en", zone=UTC, host_name=HOST, sent=None
    )
    assert ("more\n" in text) is (words is not None)
    assert words is None or f"               {words}\n" in text


def test_a_session_that_ended_says_when() -> None:
    """A logon that is told after its end says so."""
    finding = replace(logon(Door.RDP), ended=datetime(2026, 3, 3, 9, 0, tzinfo=UTC))
    text = body(notify(finding), language="en", zone=UTC, host_name=HOST, sent=None)
    assert "Ended          2026-03-03 09:00:00 UTC\n" in text


def test_a_logon_type_without_a_name_is_a_number() -> None:
    """Windows may invent a logon type; it is told as it is."""
    text = body(
        notify(replace(logon(Door.RDP), logon_type=99)), language="en", zone=UTC, host_name=HOST, sent=None
    )
    assert "Logon type     99\n" in text


def test_a_time_at_the_end_of_the_calendar_is_told() -> None:
    """A damaged record cannot make an alert that nobody is ever told of."""
    finding = replace(logon(Door.RDP), time=datetime.max.replace(tzinfo=UTC))
    for zone in (timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
        text = body(notify(finding), language="ja", zone=zone, host_name=HOST, sent=SENT)
        assert "9999-12-31 23:59:59 UTC" in text


def test_japanese_texts_fit_a_japanese_console() -> None:
    """Each text in Japanese can be shown in code page 932 as it is."""
    for door in Door:
        text = told(notify(logon(door)), "ja", SENT)
        assert fit(text, "cp932") == text


def test_an_unknown_person_is_told_as_such() -> None:
    """A shell whose principal nobody saw says not known, never the wrong name."""
    finding: Logon = replace(logon(Door.SSM_SHELL), principal=None, ssm_session=None)
    text = body(notify(finding), language="en", zone=TOKYO, host_name=HOST, sent=SENT)
    assert text.startswith(r"SSM shell: BASTION01\ssm-user on BASTION01")
    assert "Principal      not known\nSSM session    not known\n" in text


@pytest.mark.parametrize("telling", [notify(DOMAIN_ADMIN), STORM], ids=["alert", "digest"])
@pytest.mark.parametrize(("language", "label"), [("en", "Proof"), ("ja", "証跡")])
def test_mail_proves_that_none_is_missing(telling: Telling, language: str, label: str) -> None:
    """A mail says in one line which number it has, and which history stands behind it."""
    text = body(replace(telling, proof=PROOF), language=language, zone=UTC, host_name=HOST, sent=SENT)
    (line,) = (line for line in text.splitlines() if line.startswith(label))
    assert line.split() == [label, PROOF.short]
    assert PROOF.short.split("-")[1:3] == ["57", "1234"]
