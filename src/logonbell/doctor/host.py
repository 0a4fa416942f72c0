"""What holds on Windows and Linux alike: the agent, its clock, the SSM agent, the versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from logonbell.doctor.verdict import Verdict, bad, care, good, unknown
from logonbell.sentence import Sentence, say

CLOSE = timedelta(seconds=1)
FAR = timedelta(minutes=5)
"""From then on AWS refuses what is signed (SignatureDoesNotMatch), and Kerberos does not let anybody in."""


def of_clock(offset: timedelta | None) -> Verdict:
    """Judge how far the clock is off; None: nobody told."""
    if offset is None:
        return unknown(
            "clock",
            say("The clock could not be compared: no time server answers at 169.254.169.123."),
            say("On EC2 it is the Amazon Time Sync Service; elsewhere look at the clock yourself."),
        )
    what = say("The clock is off by {seconds:+,.3f} s.", seconds=offset.total_seconds())
    if abs(offset) <= CLOSE:
        return good("clock", what)
    remedy = say("Let it follow the Amazon Time Sync Service: 169.254.169.123")
    return (bad if abs(offset) >= FAR else care)("clock", what, remedy)


def of_agent(process: int | None, *, on_event: bool) -> Verdict:
    """Judge whether an agent is at work; ``process`` is its id."""
    if process is not None:
        return good("agent", say("The agent is at work (process {process}).", process=process))
    if on_event:
        return good("agent", say("The agent runs at each event, and ends."))
    return bad(
        "agent", say("No agent is at work."), say("Start it: logonbell watch, or the scheduled task or unit.")
    )


def of_state(why: Sentence | None) -> Verdict:
    """Judge whether the state can be read; ``why`` not."""
    if why is None:
        return good("state", say("The state can be read."))
    return bad("state", say("The state cannot be read: {why}", why=why), say("Run as the user of the agent."))


def of_notifier(name: str, *, pending: int, failing: int, buried: int, error: Sentence | None) -> Verdict:
    """Judge what waits for a notifier."""
    about = f"notifier {name}"
    if failing and error is not None:
        return bad(
            about,
            say(
                "{notifier}: {failing:,} did not get through. {why}",
                notifier=name,
                failing=failing,
                why=error,
            ),
            say("Mend that; it is tried on and on."),
        )
    if buried:
        return care(
            about,
            say("{notifier}: {buried:,} were given up.", notifier=name, buried=buried),
            say("See why, and try them again: logonbell outbox list"),
        )
    return good(about, say("{notifier}: {pending:,} pending, none failing.", notifier=name, pending=pending))


def of_ring(name: str, receipt: str | None, why: Sentence | None) -> Verdict:
    """Judge whether a notifier took a test alert; ``why`` not."""
    about = f"ring {name}"
    if why is None:
        return good(
            about, say("{notifier} took a test alert: {receipt}", notifier=name, receipt=receipt or "?")
        )
    return bad(
        about,
        say("{notifier} did not take a test alert: {why}", notifier=name, why=why),
        say("Mend that; logonbell test tries it again."),
    )


def of_ssm(folder: str | None, version: str | None, *, readable: bool) -> Verdict:
    """Judge whether SSM sessions are seen; ``folder`` None: not looked at, by the settings."""
    if folder is None:
        return care(
            "ssm",
            say("Sessions of Session Manager are not looked at."),
            say("If this host has an SSM agent, take ssm = 'off' out of [sources]."),
        )
    if version is None and not readable:
        return care(
            "ssm",
            say("There is no SSM agent here, so no session of Session Manager is seen."),
            say("If there is one, name its folder: ssm under [sources]."),
        )
    if not readable:
        return bad(
            "ssm",
            say("The SSM agent's folder {folder} cannot be read.", folder=folder),
            say("Run as root, on Windows as SYSTEM or an administrator."),
        )
    return good(
        "ssm",
        say(
            "The SSM agent (version {version}) and its folder {folder} are seen.",
            version=version or "?",
            folder=folder,
        ),
    )


def of_versions(versions: Mapping[str, str]) -> Verdict:
    """Name what runs here."""
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return good("versions", say("Versions: {versions}.", versions=listed))
