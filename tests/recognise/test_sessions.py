"""Sessions that PAM and login tell of: whose they are, with which rights, and when they end."""

from __future__ import annotations

import pytest

from linux_scenes import line
from logonbell.logon import FailedLogons
from recognising import final, logons, pass_through

SESSION = "pam_unix({}:session): session opened for user {}"


@pytest.mark.parametrize(
    ("program", "message", "uid", "elevated"),
    [
        ("sshd", SESSION.format("sshd", "root(uid=0) by (uid=0)"), 0, True),
        ("sshd", SESSION.format("sshd", "root by (uid=0)"), None, True),
        ("sshd", SESSION.format("sshd", "toor(uid=0) by (uid=0)"), 0, True),
        ("sshd", SESSION.format("sshd", "daemon(uid=1) by (uid=0)"), 1, None),
        ("sshd", SESSION.format("sshd", "mori by (uid=0)"), None, None),
        ("login", SESSION.format("login", "root by LOGIN(uid=0)"), None, True),
        ("login", "ROOT LOGIN ON tty1", None, True),
        ("login", "LOGIN ON tty1 BY mori", None, None),
        ("login", "LOGIN ON tty1 BY root", None, True),
    ],
)
def test_whoever_is_root_has_roots_rights(
    program: str, message: str, uid: int | None, *, elevated: bool | None
) -> None:
    """By name or by number, whichever of the two one line tells; of others nothing is known by it."""
    (came,) = logons(pass_through([line(0, program, "100", message)]))
    assert (came.uid, came.elevated) == (uid, elevated)


@pytest.mark.parametrize("pam", ["mori(uid=1000)", "mori"])
def test_a_number_that_one_line_tells_stays_known(pam: str) -> None:
    """A second line of the same session that names no number takes none back."""
    events = [
        line(0, "login", "100", SESSION.format("login", "mori(uid=1000) by LOGIN(uid=0)")),
        line(0.1, "login", "100", SESSION.format("login", f"{pam} by LOGIN(uid=0)")),
    ]
    (came,) = logons(pass_through(events))
    assert came.uid == 1000


def test_whoever_failed_without_a_name_is_counted_without_one() -> None:
    """PAM leaves out the user whom nobody named: a burst from that address, of no user."""
    refused = (
        "pam_unix(cockpit:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=203.0.113.24"
    )
    events = [line(number, "cockpit-session", str(100 + number), refused) for number in range(3)]
    (burst,) = [one for one in final(pass_through(events)) if isinstance(one, FailedLogons)]
    assert (burst.count, burst.users, burst.addresses) == (3, (), ("203.0.113.24",))
