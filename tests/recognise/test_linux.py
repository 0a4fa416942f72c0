"""What a line of a Linux host is taken for, whether it is believed, and what the system adds to who came."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linux_scenes import ADA, ED25519, groups, line
from logonbell.logon import Logoff, Tampering
from logonbell.recognise.recogniser import Recogniser
from logonbell.sentence import Sentence
from logonbell.simulate.windows import in_order
from recognising import logons, pass_through

ACCEPTED = "Accepted password for {} from 203.0.113.24 port 50122 ssh2"


@pytest.mark.parametrize(
    ("program", "message", "taken"),
    [
        ("sshd", "Accepted something new for mori", "sshd said something else"),
        ("sshd", "Failed in some other way", "sshd said something else"),
        ("sshd", "Invalid user", "sshd said something else"),
        ("sshd", "Invalid user is what this is about", "sshd said something else"),
        ("sshd", "error: PAM: that is all", "sshd said something else"),
        ("sshd", "User mori is odd", "sshd said something else"),
        ("sshd", "error: maximum authentication of another kind", "sshd said something else"),
        ("sshd", "Connection from 203.0.113.24 port 1 on 10.0.0.5 port 22", "sshd said something else"),
        ("sshd", "Server listening on 0.0.0.0 port 22.", "sshd said something else"),
        ("su", "pam_unix(su:account): account mori has expired", "PAM said something else"),
        ("su", "pam_rootok(su:auth): authentication succeeded", "a line of a program that does not run as root: anybody may have written it"),
        ("su", "bad su from mori", "su said something else"),
        ("sudo", "mori : command not allowed ; TTY=pts/0 ; PWD=/", "sudo said something else, or refused: a mistyped password in it is no attempt to get in"),
        ("login", "DIALUP AT ttyS0 BY mori", "login said something else"),
        ("nginx", "Accepted", "a line of another program"),
    ],
)  # fmt: skip
def test_what_a_line_that_tells_nobody_is_taken_for(program: str, message: str, taken: str) -> None:
    """Who asks why nobody rang is told so of each line, in the words that the catalogues hold."""
    said: list[Sentence] = []
    found = list(
        pass_through([line(0, program, "100", message)], Recogniser(lambda _, one: said.append(one)))
    )
    assert (found, [str(one) for one in said]) == ([], [taken])


@pytest.mark.parametrize(
    ("uid", "principal"), [("0", ADA), ("995", ADA), ("999", ADA), ("1000", None), ("x", None)]
)
def test_the_identity_behind_a_key_is_what_a_service_says(uid: str, principal: str | None) -> None:
    """EC2 Instance Connect runs as an account of its own; what a person writes in its name lends nobody an identity."""
    providing = f"Providing ssh key from EC2 Instance Connect with fingerprint: {ED25519[8:]}, for IAM principal: {ADA}"
    events = [
        line(0, "ec2-instance-connect", "90", providing, _UID=uid),
        line(1, "sshd", "100", f"Accepted publickey for mori from 203.0.113.24 port 50122 ssh2: {ED25519}"),
    ]
    (came,) = logons(pass_through(in_order(events)))
    assert came.principal == principal


@pytest.mark.parametrize(
    ("program", "fields"),
    [
        ("sshd", {"_UID": "995"}),
        ("sshd", {"_UID": "995", "_EXE": "/usr/sbin/sshd"}),
        ("su", {"_UID": "1000"}),
        ("su", {"_UID": "995", "_EXE": "/usr/bin/sudo"}),
    ],
)
def test_another_service_lets_nobody_in(program: str, fields: dict[str, str]) -> None:
    """What neither root wrote, nor su's or sudo's own program, may be anybody's."""
    message = {"sshd": ACCEPTED.format("root"), "su": "(to root) mori on pts/0"}[program]
    assert not list(pass_through([line(0, program, "100", message, **fields)]))


@pytest.mark.parametrize(
    ("user", "uid", "names", "elevated"),
    [
        ("mori", "1000", "mori,users", False),
        ("mori", "1000", "users,wheel", True),
        ("daemon", "1", "daemon", False),
        ("toor", "0", "users", True),
        ("root", "0", "root", True),
        ("root", "", "users", True),
        ("mori", "", "", False),
    ],
)
def test_groups_and_number_tell_who_is_an_administrator(
    user: str, uid: str, names: str, *, elevated: bool
) -> None:
    """Root's number or an administrators' group does; what sshd's line told of root, a look-up does not take back."""
    seen = groups(0.1, 0, user, 0, names)
    events = [
        line(0, "sshd", "100", ACCEPTED.format(user)),
        replace(seen, fields={**seen.fields, "Uid": uid}),
    ]
    (came,) = logons(pass_through(events))
    assert came.elevated is elevated


def test_a_line_that_names_no_start_is_of_none() -> None:
    """An export may leave out a line's start: nobody is gone by that, and nothing was started again."""
    nameless = line(200, "sshd", "104", ACCEPTED.format("kim"))
    poorer = {name: value for name, value in nameless.fields.items() if name != "_BOOT_ID"}
    events = [
        line(0, "sshd", "100", ACCEPTED.format("mori")),
        replace(nameless, fields=poorer),
        line(300, "sshd", "106", ACCEPTED.format("sato")),
    ]
    found = list(pass_through(in_order(events)))
    assert [str(one.user) for one in logons(found)] == ["mori", "kim", "sato"]
    assert not [one for one in found if isinstance(one, (Logoff, Tampering))]
