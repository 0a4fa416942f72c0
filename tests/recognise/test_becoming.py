"""Who becomes root by su and sudo, by whose hand, and who only runs a command."""

from __future__ import annotations

import pytest

from linux_scenes import line
from logonbell.recognise.becoming import is_shell
from logonbell.simulate.windows import in_order
from recognising import logons, pass_through

SUDO = "    {} : TTY=pts/0 ; PWD=/ ; USER={} ; COMMAND={}"
PAM = "pam_unix(su:session): session opened for user {}"


@pytest.mark.parametrize(
    ("command", "shell"),
    [
        ("/bin/bash", True),
        ("/usr/bin/su", True),
        ("/usr/bin/su - root", True),
        ("/usr/bin/zsh -l", True),
        ("/bin/bash -c id", False),
        ("/bin/bash backup.sh", False),
        ("/usr/bin/su - postgres", False),
        ("/usr/bin/su postgres", False),
        ("/usr/bin/apt update", False),
        ("/usr/bin/vim /bin/bash", False),
        ("", False),
    ],
)
def test_what_is_a_shell_of_sudo(command: str, *, shell: bool) -> None:
    """A shell to type into is a door; a command, also one that a shell runs, is none."""
    assert is_shell(command) is shell


@pytest.mark.parametrize(
    ("program", "message", "became"),
    [
        ("su", "(to root) mori on pts/0", ("su", "mori", "pts/0")),
        ("su", "(to root) mori on none", ("su", "mori", None)),
        ("su", "(to root) root on pts/0", None),
        ("su", "(to postgres) mori on pts/0", None),
        ("su", "(to postgres) root on none", None),
        ("su", PAM.format("root(uid=0) by mori(uid=1000)"), ("su", "mori", None)),
        ("su", PAM.format("root(uid=0) by (uid=1000)"), ("su", "uid 1000", None)),
        ("su", PAM.format("root(uid=0) by (uid=0)"), None),
        ("su", PAM.format("root(uid=0) by mori(uid=0)"), None),
        ("su", PAM.format("root"), ("su", None, None)),
        ("su", PAM.format("postgres(uid=114) by mori(uid=1000)"), None),
        ("sudo", SUDO.format("mori", "root", "/bin/bash"), ("sudo", "mori", "pts/0")),
        ("sudo", SUDO.format("mori", "#0", "/bin/bash"), ("sudo", "mori", "pts/0")),
        ("sudo", SUDO.format("mori", "postgres", "/bin/bash"), None),
        ("sudo", SUDO.format("root", "root", "/bin/bash"), None),
    ],
)
def test_one_line_tells_who_became_root_and_by_whose_hand(
    program: str, message: str, became: tuple[str, str | None, str | None] | None
) -> None:
    """The program's line alone, or PAM's, is the door, with root's rights; a service's su, and one to another user, are none."""
    found = logons(pass_through([line(0, program, "100", message)]))
    assert [(one.door, one.by and str(one.by), one.terminal) for one in found] == ([became] if became else [])
    assert all(str(one.user) == "root" and one.elevated for one in found)


@pytest.mark.parametrize("pam", [-0.1, 0.1])
def test_what_su_and_pam_say_is_one_logon(pam: float) -> None:
    """In either order it is one, with the terminal that su names and the number that PAM does."""
    opened = line(pam, "su", "100", PAM.format("root(uid=0) by mori(uid=1000)"))
    (came,) = logons(pass_through(in_order([line(0, "su", "100", "(to root) mori on pts/0"), opened])))
    assert (came.folded, str(came.by), came.terminal, came.uid) == (2, "mori", "pts/0", 0)
