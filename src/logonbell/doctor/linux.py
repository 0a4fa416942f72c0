"""What Linux must write down, keep and start, so that a logon rings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from logonbell.doctor.verdict import Verdict, bad, care, good, unknown
from logonbell.linux.journald import Journal
from logonbell.linux.sshd import Sshd
from logonbell.places import Exposed
from logonbell.sentence import Sentence, plural, say
from logonbell.sources.entry import LOGON_UNITS

AGAIN = say("Run: logonbell install")
OURS = 0o700
_TELLING = frozenset({"INFO", "VERBOSE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3"})
_AUTH = frozenset({"AUTH", "AUTHPRIV"})
SSH_PORT = 22


def of_rights(*, is_root: bool) -> Verdict:
    """Judge whether this look sees everything."""
    if is_root:
        return good("rights", say("This look has the rights of root."))
    return care(
        "rights",
        say("This look has no rights of root, so it sees less than the agent."),
        say("Run the command with sudo."),
    )


def of_program(found: Iterable[Exposed]) -> Iterator[Verdict]:
    """Judge whether plain users may change what root runs."""
    exposed = list(found)
    if not exposed:
        yield good("program", say("Only root can change the program."))
    for path, who in exposed:
        yield bad(
            "program",
            say("Others ({who}) can change {path}, and are root by it.", who=who, path=str(path)),
            say("Install it where only root writes, as in /opt/logonbell."),
        )


def of_folder(about: str, folder: str, mode: int | None, user: int, trusted: Collection[int]) -> Verdict:
    """Judge a folder with settings or state by its mode (None: there is none) and whose it is."""
    if mode is None:
        return bad(about, say("There is no folder {folder}.", folder=folder), AGAIN)
    if mode == OURS and user in trusted:
        return good(about, say("Only root may open {folder}.", folder=folder))
    return bad(
        about,
        say(
            "Others than root may open {folder}: mode {mode}, user {user}.",
            folder=folder,
            mode=f"{mode:04o}",
            user=str(user),
        ),
        say("Run: chown root: {folder} && chmod 700 {folder}", folder=folder),
    )


def of_unit(text: str | None, written: str, told: Mapping[str, str]) -> Iterator[Verdict]:
    """Judge the unit: there, as it was written, started with the machine, at work. ``told`` is systemd's word."""
    if text is None:
        yield bad("unit", say("There is no unit logonbell.service."), AGAIN)
        return
    if text != written:
        yield care("unit", say("The unit is not as this version of logonbell writes it."), AGAIN)
    elif told.get("NeedDaemonReload") == "yes":
        yield care(
            "unit",
            say("The unit was changed, and systemd has not read it."),
            say("Run: systemctl daemon-reload"),
        )
    elif beside := told.get("DropInPaths"):
        yield good("unit", say("The unit is as it was written; besides it holds: {files}.", files=beside))
    else:
        yield good("unit", say("The unit is as it was written."))
    if told.get("UnitFileState") == "enabled":
        yield good("enabled", say("It is started with the machine."))
    else:
        yield bad(
            "enabled",
            say("It is not started with the machine ({state}).", state=told.get("UnitFileState") or "?"),
            say("Run: systemctl enable logonbell"),
        )
    yield _of_run(told)


def _of_run(told: Mapping[str, str]) -> Verdict:
    state, restarts = told.get("ActiveState", ""), told.get("NRestarts", "")
    if state != "active":
        return bad(
            "run",
            say(
                "The unit is not at work ({state}, {result}).",
                state=state or "?",
                result=told.get("Result") or "?",
            ),
            say("Run: systemctl start logonbell; journalctl -u logonbell -e says why it does not."),
        )
    if restarts.isdecimal() and int(restarts):
        return care(
            "run",
            plural(
                "The unit is at work; systemd has started it anew {count:,} time.",
                "The unit is at work; systemd has started it anew {count:,} times.",
                int(restarts),
            ),
            say("See why: journalctl -u logonbell -e"),
        )
    return good("run", say("The unit is at work."))


def of_no_systemd() -> Verdict:
    """Say that nothing is known of what starts the agent here."""
    return unknown(
        "unit",
        say("systemd does not run this machine; what starts the agent is not known."),
        say("See that it is started with the machine, and anew when it ends."),
    )


def of_journal(journal: Journal) -> Iterator[Verdict]:
    """Judge the journal, where it is followed."""
    if not journal.readable:
        yield bad(
            "journal",
            say("The journal cannot be read: {words}", words=journal.words),
            say("Run as root, or put the account into the group systemd-journal."),
        )
        return
    yield good("journal", say("The journal can be read; its newest line is of {time}.", time=_when(journal)))
    if journal.persistent:
        yield good("journal kept", say("The journal outlives a restart."))
    else:
        yield care(
            "journal kept",
            say("The journal is gone at a restart: what was not read by then is not seen."),
            say("Run: mkdir /var/log/journal && systemctl restart systemd-journald"),
        )
    lost = {name: count for name, count in journal.dropped.items() if name.startswith(LOGON_UNITS)}
    if not lost:
        yield good("journal whole", say("journald has let no line of a logon fall for a week."))
        return
    yield care(
        "journal whole",
        say(
            "journald let lines fall for a week, as they were too many at a time: {services}.",
            services=", ".join(f"{name} {count}" for name, count in sorted(lost.items())),
        ),
        say(
            "Take the limit from that service: systemctl edit ssh (on Red Hat and Amazon Linux sshd), and there"
            " [Service] LogRateLimitIntervalSec=0; older than systemd 240: RateLimitBurst=0 in journald.conf"
        ),
    )


def of_logs(found: Mapping[str, str]) -> Iterator[Verdict]:
    """Judge the files that are followed, each with why it cannot be read (or "")."""
    for path, why in found.items():
        if why:
            what = say("{path} cannot be read: {why}.", path=path, why=why)
            yield bad(f"log {path}", what, say("Run as root; or name another file under [sources]."))
        else:
            yield good(f"log {path}", say("{path} can be read.", path=path))


def of_no_log() -> Verdict:
    """Say that nothing is followed in which logons stand."""
    return bad(
        "log",
        say(
            "Neither the journal nor a log file of this machine is followed, so no logon is seen but those over SSM."
        ),
        say("Let journald or rsyslog write one (auth,authpriv.*), or name its file under [sources]."),
    )


def of_sshd(sshd: Sshd | None) -> Iterator[Verdict]:
    """Judge what sshd writes down."""
    if sshd is None:
        yield unknown(
            "sshd", say("sshd does not say what it is told to write down; root may ask it: sshd -T")
        )
        return
    if sshd.level not in _TELLING:
        yield bad(
            "sshd",
            say("sshd writes down no logon: its LogLevel is {level}.", level=sshd.level),
            say("Set LogLevel INFO or VERBOSE in sshd_config, and reload sshd."),
        )
    elif sshd.facility not in _AUTH:
        yield care(
            "sshd",
            say(
                "sshd's SyslogFacility is {facility}: auth.log and secure do not hold it.",
                facility=sshd.facility,
            ),
            say("Set SyslogFacility AUTHPRIV in sshd_config, unless the journal is read."),
        )
    else:
        yield good("sshd", say("sshd writes down logons (LogLevel {level}).", level=sshd.level))
    if sshd.ports and SSH_PORT not in sshd.ports:
        yield care(
            "sshd port",
            say("sshd listens on {ports}, not on 22.", ports=", ".join(map(str, sshd.ports))),
            say(
                "A logon over Session Manager is matched by who holds the connection; where that is not seen, only sessions"
                " that lead to port 22 are thought of."
            ),
        )


def of_clock(*, synchronised: bool) -> Verdict:
    """Judge the clock by the kernel's word, where no time server answers."""
    if synchronised:
        return good("clock", say("The clock is kept right, as far as the kernel knows."))
    return care(
        "clock",
        say("Nothing keeps the clock right, as far as the kernel knows."),
        say("Run chrony or systemd-timesyncd; on EC2 with the server 169.254.169.123"),
    )


def _when(journal: Journal) -> Sentence | str:
    return "?" if journal.newest is None else f"{journal.newest:%Y-%m-%d %H:%M:%S} UTC"
