"""What Windows must record, keep and start, so that a logon rings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from logonbell.doctor.verdict import Verdict, bad, care, good, unknown
from logonbell.places import Exposed
from logonbell.sentence import Sentence, plural, say
from logonbell.windows import task_xml
from logonbell.windows.audit_policy import NEEDS
from logonbell.windows.channels import Channel, Seen
from logonbell.windows.scheduled_task import NOT_YET, RUNNING, LastRun
from logonbell.windows.sddl import is_ours

SECURITY = "Security"
SHORT = timedelta(hours=24)
"""A log that holds less may lose what happened while the agent was down over a night."""
TOO_SHORT = timedelta(hours=1)
BEHIND = timedelta(minutes=5)
ELEVATE = say("Run it in a prompt that was opened with 'Run as administrator'.")


def of_channel(channel: Channel, newest_read: int | None, now: datetime) -> Iterator[Verdict]:
    """Judge whether a log can be read, and whether what is wanted of it was; ``newest_read`` is a record id."""
    about, name = f"channel {channel.name}", channel.name
    match channel.seen:
        case Seen.ABSENT if name == SECURITY:
            yield bad(about, say("This machine has no log Security."), say("Look at the service EventLog."))
        case Seen.ABSENT:
            yield good(
                about, say("{channel}: not on this machine, so nothing is missed in it.", channel=name)
            )
        case Seen.DENIED:
            yield bad(
                about,
                say("{channel} may not be read by this user: {words}", channel=name, words=channel.words),
                say(
                    "Run as SYSTEM or an administrator, or put the account into Event Log Readers (S-1-5-32-573)."
                ),
            )
        case Seen.FAILED:
            yield bad(
                about,
                say("{channel} cannot be read: {words}", channel=name, words=channel.words),
                say("Look whether the service EventLog runs, and whether the log is damaged."),
            )
        case Seen.READABLE if channel.enabled is False:
            yield bad(
                about,
                say("{channel} is switched off.", channel=name),
                say("Run: wevtutil sl {channel} /e:true", channel=name),
            )
        case Seen.READABLE:
            yield _read_up_to(about, channel, newest_read, now)


def _read_up_to(about: str, channel: Channel, newest_read: int | None, now: datetime) -> Verdict:
    newest = channel.newest
    if newest is None:
        return good(about, say("{channel} can be read; nothing that counts is in it.", channel=channel.name))
    if newest_read is None:
        return unknown(
            about,
            say("{channel} can be read; nothing of it was, so far.", channel=channel.name),
            say("If the agent runs, look whether [sources] names this log."),
        )
    if newest.record > newest_read and now - newest.time > BEHIND:
        return bad(
            about,
            say(
                "{channel}: record {newest:,} counts, and was read up to {read:,} only.",
                channel=channel.name,
                newest=newest.record,
                read=newest_read,
            ),
            say("Look whether the agent runs: logonbell status"),
        )
    return good(
        about, say("{channel} was read up to record {read:,}.", channel=channel.name, read=newest_read)
    )


def of_log_size(channel: Channel) -> Verdict:
    """Judge how far back a log reaches once it is full, at the rate at which it was written until now."""
    about = f"size {channel.name}"
    held = reach(channel)
    if held is None:
        return unknown(
            about, say("How many hours {channel} holds is not known.", channel=channel.name), ELEVATE
        )
    hours = held.total_seconds() / 3600
    what = say(
        "{channel} may grow to {size:,.0f} MB, and holds {hours:,.1f} hours at the present rate.",
        channel=channel.name,
        size=(channel.largest or 0) / 1e6,
        hours=hours,
    )
    if held >= SHORT:
        return good(about, what)
    enough = (channel.largest or 0) * (SHORT / held)
    remedy = say(
        "Make it larger: wevtutil sl {channel} /ms:{bytes}", channel=channel.name, bytes=round(enough)
    )
    return (bad if held < TOO_SHORT else care)(about, what, remedy)


def reach(channel: Channel) -> timedelta | None:
    """Reckon the time that a full log spans; None where it is not known."""
    oldest, last = channel.oldest, channel.last
    if oldest is None or last is None or not channel.largest or not channel.size or last.time <= oldest.time:
        return None
    # A log that says it may be smaller than it is was made smaller: it holds what it has.
    return (last.time - oldest.time) * max(channel.largest / channel.size, 1.0)


def of_audit(now: Mapping[str, int], installed: frozenset[str]) -> Iterator[Verdict]:
    """Judge what is audited; ``installed`` are the GUIDs that ``install`` switched on."""
    for need in NEEDS:
        about = f"audit {need.name}"
        if now.get(need.guid, 0) & need.bits == need.bits:
            yield good(about, say("{name} is audited: {what}.", name=need.name, what=need.means))
        elif need.guid in installed:
            yield bad(
                about,
                say(
                    "{name} is not audited any more, though install switched it on: {what}.",
                    name=need.name,
                    what=need.means,
                ),
                say(
                    "A group policy takes it back: switch it on there, under Advanced Audit Policy Configuration;"
                    " gpresult /h report.html names the policy."
                ),
            )
        else:
            yield bad(
                about,
                say("{name} is not audited, so not seen: {what}.", name=need.name, what=need.means),
                say("Run: logonbell install"),
            )


def of_folder(folder: str, sddl: str | None) -> Verdict:
    """Judge the access list of the folder with settings, state and log."""
    if sddl is None:
        return bad(
            "folder",
            say("There is no folder {folder}.", folder=folder),
            say("Run: logonbell install"),
        )
    if is_ours(sddl):
        return good("folder", say("Only SYSTEM and administrators may open {folder}.", folder=folder))
    return bad(
        "folder",
        say("Others than SYSTEM and administrators may open {folder}: {sddl}", folder=folder, sddl=sddl),
        say("Run: logonbell install"),
    )


def of_program(found: Iterable[Exposed]) -> Iterator[Verdict]:
    """Judge whether plain users may change what SYSTEM runs."""
    exposed = list(found)
    if not exposed:
        yield good("program", say("Only administrators can change the program."))
    for path, who in exposed:
        yield bad(
            "program",
            say("{who} can change {path}, and are SYSTEM by it.", who=who, path=str(path)),
            say("Install it where only administrators write, as under %ProgramFiles%."),
        )


def of_task(registered: str | None, written: Iterable[str], last: LastRun | None) -> Iterator[Verdict]:
    """Judge the scheduled task: there, as one of those that we write, and how it runs."""
    again = say("Run: logonbell install")
    if registered is None:
        yield bad("task", say("There is no scheduled task logonbell, or this user may not see it."), again)
        return
    try:
        different = min((task_xml.differences(registered, one) for one in written), key=len)
    except ValueError as error:
        yield bad("task", say("The scheduled task logonbell is no XML: {why}.", why=str(error)), again)
        return
    if different:
        what = plural(
            "The scheduled task logonbell is not as it was written, in one place: {places}.",
            "The scheduled task logonbell is not as it was written, in {count} places: {places}.",
            len(different),
            places=", ".join(different),
        )
        yield bad("task", what, again)
    else:
        yield good("task", say("The scheduled task logonbell is registered as it was written."))
    yield _of_last_run(last)


def _of_last_run(last: LastRun | None) -> Verdict:
    if last is None or last.result == NOT_YET:
        return bad("run", say("The task has not run yet."), say(r"Run: schtasks /Run /TN \logonbell"))
    if last.result == RUNNING:
        return good("run", say("The task runs; it was started {when}.", when=last.when))
    if last.result == 0:
        return good("run", say("The last run, {when}, ended well.", when=last.when))
    return bad(
        "run",
        say("The last run, {when}, ended with {code}.", when=last.when, code=_code(last.result)),
        say("Its log says why: log\\logonbell.log in the folder of logonbell."),
    )


def _code(result: int) -> str:
    return str(result) if result < 1000 else f"0x{result:08x}"


def of_rights(*, elevated: bool) -> Verdict:
    """Judge whether this look sees everything."""
    if elevated:
        return good("rights", say("This look has an administrator's rights."))
    return care(
        "rights", say("This look has no administrator's rights, so it sees less than the agent."), ELEVATE
    )


def refused(about: str, why: Sentence) -> Verdict:
    """Say that something could not be looked at."""
    return unknown(about, say("It could not be looked at: {why}", why=why))
