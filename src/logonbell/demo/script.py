"""What is said in the demo, wherever it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from logonbell.demo.bell import LOG
from logonbell.demo.forgery import COMMAND
from logonbell.demo.letter import Letter
from logonbell.demo.night import ADDRESS, GUESSES
from logonbell.demo.tally import Verdict
from logonbell.sentence import Sentence, plural, say

RECIPE = say("The recipe")
ON_4624 = say("mails on event 4624")
LOGONBELL = "logonbell"
FROM_QUEUE = say("out of the queue")
FROM_CONSOLE = say("from its console")
STARTING = say("Starting the agent ...")
STARTING_BOTH = say("Starting the SNS emulator and the agent ...")
NO_EMULATOR = say("The SNS emulator does not start here, so the agent rings on its console instead.")
AS_MAILED = say("The loudest of them in full, as its receiver reads it")
WHY = say("Why it rang, and of which records it is made")
VERDICT = say("That day")
INTRUDER = say("intruder")
NIGHT = say(
    "That night somebody comes who has a domain admin's password, owns the host from then on, and wants nobody to know."
)
COMES = say(
    "logs on by RDP from {address}, amid {count:,} guessed passwords within two seconds",
    address=ADDRESS,
    count=GUESSES,
)
KILLS = say(
    "kills the agent (kill -9), makes an administrator, clears the log; then Windows starts the agent again"
)
RETURNS = say("comes back as that administrator")
FORGES = say("rewrites the history, blames somebody else, and deletes a message from the receiver's mailbox")
COMMAND_THAT_VERIFIES = " ".join((LOGONBELL, *COMMAND))
PROVED = say("What the receiver's messages prove, held against the host's history")
DISPROVED = say("The same, after the host and the mailbox were rewritten")
ATTACKED = say("That night")
WHAT_NEXT = say("Now your own:")
FAULT = say(
    "Something is missing. That is a fault of logonbell, not yours: please report it with the lines above."
)


class Row(NamedTuple):
    """A line of the verdict: what it counts, the recipe's figure and logonbell's."""

    what: Sentence
    recipe: Sentence
    logonbell: Sentence


def intro(seconds: float, *, emulated: bool) -> list[Sentence]:
    """Say what is about to happen."""
    day = say(
        "You are about to see a day on a Windows bastion, made up and shortened to {seconds:.0f} seconds: it is "
        "written as a real event log, and the real agent (logonbell watch) follows it.",
        seconds=seconds,
    )
    if emulated:
        return [
            day,
            say(
                "What it rings goes through SNS, emulated on this machine, into a queue: below you see what came out "
                "of that queue, beside what the usual hand-made recipe would have mailed."
            ),
        ]
    return [
        day,
        say(
            "There is no SNS emulator here (pip install 'logonbell[demo]' brings one), so it rings on its console: "
            "below you see what it printed there, beside what the usual hand-made recipe would have mailed."
        ),
    ]


def command_that_explains(letter: Letter) -> str:
    """Give the command that says why a letter was sent."""
    return f"logonbell explain {LOG} --record {letter.records[0]}"


def mails(number: int) -> Sentence:
    """Count mails."""
    return plural("{count:,} mail", "{count:,} mails", number)


def clock(time: datetime) -> str:
    """Write the day's own time."""
    return time.strftime("%H:%M")


def milliseconds(delay: timedelta | None) -> Sentence:
    """Write a delay."""
    if delay is None:
        return say("not known")
    return say("{number:,} ms", number=round(delay / timedelta(milliseconds=1)))


def rows(verdict: Verdict) -> Sequence[Row]:
    """Put both side by side. Of the recipe nothing runs here, so its delay is not known."""
    recipe, logonbell = verdict.recipe, verdict.logonbell
    counts = [
        (say("mails sent"), recipe.mails, logonbell.mails),
        (say("... about a person's logon"), recipe.logons, logonbell.logons),
        (say("... about guessed passwords"), recipe.bursts, logonbell.bursts),
        (say("... about nobody"), recipe.nobody, logonbell.nobody),
        (say("logons that nobody was told of"), recipe.missed, logonbell.missed),
    ]
    delays = [
        (say("from event to acceptance, median"), verdict.usual_delay),
        (say("from event to acceptance, worst"), verdict.worst_delay),
    ]
    return [
        *(Row(what, _number(one), _number(other)) for what, one, other in counts),
        *(Row(what, milliseconds(None), milliseconds(delay)) for what, delay in delays),
    ]


def next_steps() -> list[tuple[str, Sentence]]:
    """Say what to do next: a command, and what it does."""
    return [
        ("logonbell read Security.evtx", say("who came in, by which door, from a log of yours")),
        ("logonbell explain Security.evtx", say("why each of them rings or not")),
        ("logonbell watch --config logonbell.toml", say("the agent that you just saw")),
        ("docs/reference/config.md", say("its settings, every one with its default")),
    ]


def _number(number: int) -> Sentence:
    return say("{number:,}", number=number)
