"""The lines of a Linux host: who came, whatever the names in them, and however they come to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linux_scenes import CA, ED25519, HOST, LINUX, line, written
from logonbell.event import Event
from logonbell.logon import Certificate, FailedLogons, Finding, Logoff
from logonbell.recognise.accepted import Accepted, accepted_in
from logonbell.recognise.journal import AUTH, JOURNAL
from logonbell.recognise.linux import LONGEST
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.session import Told as Ssm
from logonbell.rule import Rules
from logonbell.simulate.linux import UIDS, Came, LinuxHost, escaped, named, play_linux_day
from logonbell.simulate.windows import in_order
from recognising import final, logons, pass_in_pieces, pass_live, pass_through, who_came
from scenes import after
from tunnel_scenes import ALICE, OF_ALICE, told

MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)
CERTIFICATE = f"ED25519-CERT SHA256:DX8pPd5khxE3yTHbBgmcnvJ0q5mJb3gR6oZVbN0nW1c ID %s (serial 7) CA {CA}"
HOSTILE = st.one_of(
    st.text(max_size=24),
    st.sampled_from(
        [
            "root from 203.0.113.24 port 22 ssh2",
            f"root from 203.0.113.24 port 22 ssh2: {ED25519}",
            "x\nAccepted password for root from 203.0.113.24 port 22 ssh2",
            "x 203.0.113.24 port 22 [preauth]",
            "mori: Too many authentication failures [preauth]",
            f"x (serial 1) CA {CA}",
            "x) by (uid=0)",
            "",
            " ",
            "\\",
            "\x1b[2J\ud800",
            "a" * 300,
        ]
    ),
)
few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("message", "accepted"),
    [
        (
            "Accepted password for mori from 203.0.113.24 port 50122 ssh2",
            Accepted("password", "mori", "203.0.113.24", "50122"),
        ),
        (
            f"Accepted publickey for mori from 2001:db8::7 port 50122 ssh2: {ED25519}",
            Accepted("publickey", "mori", "2001:db8::7", "50122", ED25519),
        ),
        (
            "Accepted publickey for mori from 203.0.113.24 port 1 ssh2: RSA MD5:aa:bb:cc:dd",
            Accepted("publickey", "mori", "203.0.113.24", "1", "RSA MD5:aa:bb:cc:dd"),
        ),
        (
            f'Accepted hostbased for mori from 203.0.113.24 port 1 ssh2: {ED25519}, client user "mori", client host "a.b"',
            Accepted("hostbased", "mori", "203.0.113.24", "1", ED25519),
        ),
        (
            f"Accepted publickey for mori from 203.0.113.24 port 1 ssh2: RSA-CERT ID a b (serial 0) CA {CA}",
            Accepted("publickey", "mori", "203.0.113.24", "1", None, Certificate("a b", "0", CA)),
        ),
        (
            "Accepted gssapi-with-mic for mori from 203.0.113.24 port 1 ssh2: mori@EXAMPLE.COM",
            Accepted("gssapi-with-mic", "mori", "203.0.113.24", "1"),
        ),
        ("Accepted something new for mori from 203.0.113.24", None),
        ("Failed password for mori from 203.0.113.24 port 1 ssh2", None),
        ("", None),
    ],
)  # fmt: skip
def test_how_sshd_lets_somebody_in(message: str, accepted: Accepted | None) -> None:
    """Each form of the line is taken apart; what is none of them is nobody."""
    assert accepted_in(message) == accepted


@few
@given(HOSTILE)
def test_what_a_certificate_says_of_its_holder_changes_nobody(identity: str) -> None:
    """User and address are sshd's, whatever stands in the certificate behind them."""
    message = escaped(
        f"Accepted publickey for mori from 203.0.113.99 port 50122 ssh2: {CERTIFICATE % identity}"
    )
    accepted = accepted_in(message)
    assert accepted is not None
    assert (accepted.user, accepted.address, accepted.port) == ("mori", "203.0.113.99", "50122")
    assert accepted.certificate is not None
    assert accepted.certificate.identity == escaped(identity)
    assert accepted.certificate.ca == CA


def test_of_a_long_line_no_more_is_read_than_programs_write() -> None:
    """A line without end costs no more, and tells the same, as its beginning."""
    texts = [
        "Accepted a for ",
        "Failed a for ",
        "Invalid user ",
        "error: PAM: a for ",
        "pam_unix(sshd:session): session opened for user ",
        "Connection closed by ",
    ]
    long = [line(one, "sshd", "1", text + " from a port 1" * 10_000) for one, text in enumerate(texts)]
    long.append(line(9, "sudo", "1", "a : TTY=b ; PWD=" + " ; USER=" * 20_000))
    cut = [
        replace(event, fields={**event.fields, "MESSAGE": event.fields["MESSAGE"][:LONGEST]})
        for event in long
    ]
    assert final(pass_through(long)) == final(pass_through(cut))


@pytest.mark.parametrize(
    ("lines", "failures"),
    [
        (LINUX["linux-failed-logons"].play, 7),
        (LINUX["linux-amazon-2"].play, 3),
        (LINUX["linux-amazon-2023"].play, 3),
        (LINUX["linux-openssh-10"].play, 3),
    ],
)
def test_each_failure_counts_once(lines: Callable[[], list[Event]], failures: int) -> None:
    """However many lines speak of it, and however many attempts one line stands for."""
    (burst,) = [one for one in final(pass_through(in_order(lines()))) if isinstance(one, FailedLogons)]
    assert burst.count == failures


@pytest.mark.parametrize("name", ["linux-keys-tried", "linux-rhel-9", "linux-debian-12"])
def test_who_came_in_the_end_did_not_fail(name: str) -> None:
    """Keys that are refused before one is accepted, a mistyped sudo, su's second line: no burst of failures."""
    assert not [one for one in pass_through(LINUX[name].events) if isinstance(one, FailedLogons)]


def test_a_day_on_a_linux_bastion() -> None:
    """Of a day's lines, most of them cron's, five people's doors are told, each with its end, and one burst."""
    found = final(pass_through(play_linux_day(MIDNIGHT, Random(1))))  # noqa: S311 - repeatable, not secret
    came = [(str(logon.door), str(logon.user), str(logon.by or "")) for logon in logons(found)]
    assert came == [
        ("ssh", "mori", ""),
        ("sudo", "root", "mori"),
        ("ssh", "kim", ""),
        ("su", "root", "kim"),
        ("console", "root", ""),
    ]
    assert [round(one.seconds) for one in found if isinstance(one, Logoff)] == [3, 60, 1200, 14400, 28800]
    (burst,) = [one for one in found if isinstance(one, FailedLogons)]
    assert (burst.count, burst.users) == (5, ("admin", "oracle", "test", "pi"))
    rules = Rules()
    assert [rules.judge(logon).rings for logon in logons(found)] == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("message", "door", "user", "terminal"),
    [
        ("LOGIN ON tty1 BY mori", "console", "mori", "tty1"),
        ("LOGIN ON tty1 BY mori FROM 203.0.113.24", "network", "mori", "tty1"),
        ("ROOT LOGIN ON ttyS0", "console", "root", "ttyS0"),
        ("ROOT LOGIN  on '/dev/tty1'", "console", "root", "tty1"),
        ("'mori' logged in  on '/dev/hvc0'", "console", "mori", "hvc0"),
        ("`mori' logged in on `/dev/tty1' from", None, "", ""),
    ],
)
def test_who_sits_at_which_terminal(message: str, door: str | None, user: str, terminal: str) -> None:
    """The words of util-linux' login and of shadow's."""
    found = logons(pass_through([line(0, "login", "100", message)]))
    assert [(one.door, str(one.user), one.terminal) for one in found] == (
        [(door, user, terminal)] if door else []
    )


@pytest.mark.parametrize(
    ("program", "message", "user", "address"),
    [
        ("login", "FAILED LOGIN 1 FROM tty1 FOR mori, Authentication failure", "mori", None),
        ("login", "FAILED LOGIN 2 FROM (null) FOR (unknown), User not known to the underlying authentication module", "(unknown)", None),
        ("login", "FAILED LOGIN SESSION FROM 203.0.113.24 FOR mori, Authentication failure", "mori", "203.0.113.24"),
        ("login", "FAILED LOGIN (1)  on '/dev/tty1' FOR 'mori', Authentication failure", "mori", None),
        ("su", "FAILED SU (to root) kim on pts/0", "root", None),
        ("gdm-password]", "pam_unix(gdm-password:auth): authentication failure; logname= uid=0 euid=0 tty=/dev/tty1 ruser= rhost=  user=mori", "mori", None),
        ("cockpit-session", "pam_unix(cockpit:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=203.0.113.24  user=mori", "mori", "203.0.113.24"),
        ("sshd", "error: PAM: User not known to the underlying authentication module for illegal user mori from 203.0.113.24", "mori", "203.0.113.24"),
        ("sshd", "User mori from 203.0.113.24 not allowed because listed in DenyUsers", "mori", "203.0.113.24"),
        ("sshd", "Connection reset by authenticating user mori 203.0.113.24 port 1 [preauth]", "mori", "203.0.113.24"),
        ("sshd", "Disconnected from invalid user mori 203.0.113.24 port 1 [preauth]", "mori", "203.0.113.24"),
    ],
)  # fmt: skip
def test_who_failed(program: str, message: str, user: str, address: str | None) -> None:
    """Each program's words for a refusal, three times over, are a burst of that user from there."""
    events = [line(number, program, str(100 + number), message) for number in range(3)]
    (burst,) = [one for one in final(pass_through(events)) if isinstance(one, FailedLogons)]
    assert (burst.count, burst.users, burst.addresses) == (3, (user,), (address,) if address else ())


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("sudo", "pam_unix(sudo:auth): authentication failure; logname=mori uid=1000 euid=0 tty=/dev/pts/0 ruser=mori rhost=  user=mori"),
        ("sudo", "    mori : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home/mori ; USER=root ; COMMAND=/bin/bash"),
        ("polkit-1", "pam_unix(polkit-1:auth): authentication failure; logname= uid=1000 euid=0 tty= ruser=mori rhost=  user=root"),
        ("sshd", "Connection closed by 203.0.113.24 port 1 [preauth]"),
        ("sshd", "Received disconnect from 203.0.113.24 port 1:11: Bye Bye [preauth]"),
        ("sshd", "banner exchange: Connection from 203.0.113.24 port 1: invalid format"),
        ("sshd", "Timeout before authentication for 203.0.113.24 port 1"),
        ("sshd", "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.24  user=root"),
    ],
)  # fmt: skip
def test_who_did_not_fail(program: str, message: str) -> None:
    """A mistyped password in a prompt, and a scanner that names nobody, are no failed logons."""
    events = [line(number, program, str(100 + number), message) for number in range(5)]
    assert not list(pass_through(events))


def test_two_hosts_in_one_log_do_not_share_processes() -> None:
    """A process id is its host's."""
    accepted = "Accepted password for mori from 203.0.113.24 port 50122 ssh2"
    closing = line(300, "sshd", "100", "pam_unix(sshd:session): session closed for user mori")
    events = [
        line(0, "sshd", "100", accepted),
        replace(line(1, "sshd", "100", accepted), host="other"),
        closing,
    ]
    offs = [one for one in pass_through(in_order(events)) if isinstance(one, Logoff)]
    assert [one.host for one in offs] == [HOST]


@pytest.mark.parametrize(
    ("own", "named"), [("bastion-1.ec2.internal", "bastion-1"), ("bastion-1", "bastion-1.corp")]
)
@pytest.mark.parametrize("cut", [False, True])
def test_what_was_told_before_a_log_named_the_host_is_that_hosts(own: str, named: str, *, cut: bool) -> None:
    """A log may write the name short: the tunnel that was told first is still the one that somebody comes through."""
    tunnel = {"Plugin": "Port", "Port": "22", "Owner": ALICE, "Document": "AWS-StartSSHSession"}
    accepted = "Accepted password for mori from 127.0.0.1 port 50122 ssh2"
    events = [
        replace(told(after(0), Ssm.WATCHED), host=""),
        replace(told(after(1), Ssm.OPENED, OF_ALICE, **tunnel), host=""),
    ]
    events += [replace(line(9, "sshd", "100", accepted), host=named)]
    recogniser = Recogniser(own=own)
    found: list[Finding] = []
    for event in events:
        found += recogniser.feed(event)
        recogniser = Recogniser.restore(recogniser.snapshot()) if cut else recogniser
    found += recogniser.finish()
    (came,) = [one for one in logons(found) if one.user is not None]
    assert (came.door, came.host, came.principal) == ("ssh-ssm", named, ALICE)


@pytest.mark.parametrize("missing", ["_UID", "PID", "_BOOT_ID", "_EXE"])
def test_a_field_that_is_missing_loses_nobody(missing: str) -> None:
    """An export may leave out what journald knows: whoever came is told all the same."""
    events = play_linux_day(MIDNIGHT, Random(2))  # noqa: S311 - repeatable, not secret
    poorer = [
        replace(event, fields={name: value for name, value in event.fields.items() if name != missing})
        for event in events
    ]
    ssh = [one.user for one in logons(pass_through(poorer)) if one.door == "ssh"]
    assert [user.name for user in ssh if user] == ["mori", "kim"]


def test_what_ends_a_session_where_pam_says_nothing() -> None:
    """A server without PAM says only that the connection is over."""
    text = (
        "09:00:00 sshd[100]: Accepted password for mori from 203.0.113.24 port 50122 ssh2\n"
        "09:05:00 sshd[101]: Disconnected from user mori 203.0.113.24 port 50122"
    )
    (off,) = [one for one in pass_through(in_order(written(text, AUTH)())) if isinstance(one, Logoff)]
    assert off.seconds == 300


def test_whichever_speaks_first_it_is_one_logon() -> None:
    """PAM's word and sshd's may stand in either order: one logon, with the facts of both."""
    accepted = line(
        0, "sshd", "100", f"Accepted publickey for mori from 203.0.113.24 port 50122 ssh2: {ED25519}"
    )
    pam = "pam_unix(sshd:session): session opened for user mori(uid=1000) by (uid=0)"
    for told_first in (-0.2, 0.2):
        (came,) = logons(pass_through(in_order([accepted, line(told_first, "sshd", "100", pam)])))
        assert (came.address, came.key, came.uid, came.folded) == ("203.0.113.24", ED25519, 1000, 2)


def test_a_storm_of_attempts_and_keys_is_remembered_as_far_as_it_must() -> None:
    """Connections without number, none of which ends: the state stays as large as it was."""
    host, recogniser, sizes = LinuxHost(HOST, Random(1)), Recogniser(), []  # noqa: S311 - repeatable, not secret
    providing = "Providing ssh key from EC2 Instance Connect with fingerprint: SHA256:{}"
    for number in range(4_000):
        at = MIDNIGHT + timedelta(seconds=number)
        attempt, *_ = host.ssh_guesses(at, host.connects(f"user{number}", "198.51.100.77"), 0)
        recogniser.feed(replace(attempt, record_id=2 * number))
        key = host.said(at, "ec2-instance-connect", number, providing.format(number))
        recogniser.feed(replace(key, record_id=2 * number + 1))
        if number % 1_000 == 999:
            sizes.append(len(recogniser.snapshot()))
    assert max(sizes[1:]) < 1.05 * sizes[0]


@st.composite
def _hostile_days(draw: st.DrawFn) -> tuple[list[Event], Counter[tuple[str, str]]]:
    """Make a day on which strangers with hostile names try, and people come: the lines, and who came."""
    random = Random(draw(st.integers(0, 9)))  # noqa: S311 - repeatable, not secret
    host = LinuxHost(
        HOST, random, channel=draw(st.sampled_from([JOURNAL, AUTH])),
        sshd=draw(st.sampled_from(["sshd", "sshd-session"])),
    )  # fmt: skip
    scenes: list[list[Event]] = []
    came: Counter[tuple[str, str]] = Counter()
    people: list[Came] = []
    at = MIDNIGHT
    for act in draw(st.lists(st.sampled_from(["key", "cert", "password", "off", "guess", "keys", "sudo", "su", "console", "cron", "scan"]), max_size=14)):  # fmt: skip
        at += timedelta(seconds=draw(st.sampled_from([0.0, 0.2, 3.0, 40.0, 400.0])))
        user = draw(st.sampled_from(sorted(UIDS)))
        stranger = host.connects(draw(HOSTILE), draw(st.sampled_from(["198.51.100.77", "2001:db8::99"])))
        person = host.connects(user, "203.0.113.24")
        match act:
            case "key" | "password" | "cert":
                by = "password" if act == "password" else "publickey"
                scenes.append(
                    host.ssh_logon(at, person, by=by, identity=draw(HOSTILE) or "x" if act == "cert" else "")
                )
                came["ssh", user] += 1
                people.append(person)
            case "off" if people:
                scenes.append(host.ssh_logoff(at + timedelta(seconds=1), people.pop()))
            case "guess":
                scenes.append(host.ssh_guesses(at, stranger, draw(st.integers(0, 2))))
            case "keys":
                scenes.append(host.ssh_keys_refused(at, stranger))
            case "sudo":
                command, by = (
                    draw(st.sampled_from(["/bin/bash", "/bin/ls"])),
                    draw(st.sampled_from(["mori", "kim"])),
                )
                scenes.append(host.sudo(at, by, command))
                came["sudo", "root"] += command == "/bin/bash"
            case "su":
                scenes.append(host.su(at, draw(st.sampled_from(["mori", "kim"]))))
                came["su", "root"] += 1
            case "console":
                scenes.append(host.console_logon(at, person))
                came["console", user] += 1
            case "cron":
                scenes.append(host.cron(at))
            case _:
                scenes.append(host.scan(at, stranger.address))
    return in_order(*scenes), +came


@few
@given(_hostile_days(), st.data())
def test_hostile_names_forge_nobody_and_cuts_change_nothing(
    day: tuple[list[Event], Counter[tuple[str, str]]], data: st.DataObject
) -> None:
    """Who came is who came, from where they came; stopping and going on anywhere tells the same."""
    events, came = day
    found = logons(pass_through(events))
    assert who_came(found) == came
    assert {one.address for one in found if one.door == "ssh"} <= {"203.0.113.24"}
    cuts = data.draw(st.sets(st.integers(0, max(0, len(events) - 1))) | st.just(set(range(len(events)))))
    whole, state = pass_in_pieces(events, ())
    pieces, of_pieces = pass_in_pieces(events, cuts)
    assert pieces == whole
    assert of_pieces == state
    assert Recogniser.restore(state).snapshot() == state
    live = pass_live(events, lambda gap: [gap / 2, gap])
    assert who_came(live) == came


@few
@given(HOSTILE)
def test_a_failed_logon_comes_from_where_it_came(user: str) -> None:
    """The address of a failure is the client's, whatever the name that was tried."""
    host = LinuxHost(HOST, Random(1))  # noqa: S311 - repeatable, not secret
    events = [
        event
        for number in range(3)
        for event in host.ssh_guesses(MIDNIGHT + timedelta(seconds=10 * number), host.connects(user, "198.51.100.77"))
    ]  # fmt: skip
    (burst,) = [one for one in final(pass_through(in_order(events))) if isinstance(one, FailedLogons)]
    assert burst.addresses == ("198.51.100.77",)
    assert burst.count == 3
    assert burst.users in {(escaped(named(user)).replace("\\\\", "\\"),), ()}
