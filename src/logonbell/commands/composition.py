"""Where things are put together: from the settings to sources, rules and notifiers."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from types import MappingProxyType

from logonbell.agent import utc_now
from logonbell.caretaker import Caretaker
from logonbell.commands.desk import Desk
from logonbell.config.changes import mark_of
from logonbell.config.kinds import AUTO, OFF, ON
from logonbell.config.notify import ToApprise, ToSns, ToWebhook
from logonbell.config.settings import Config, default_ssm
from logonbell.errors import Refused
from logonbell.judge import Clock, Judge
from logonbell.notification import Telling
from logonbell.notifier import Notifier
from logonbell.notifiers.apprise import Apprise
from logonbell.notifiers.chat import chat
from logonbell.notifiers.console import Console
from logonbell.notifiers.document import Said, document, written
from logonbell.notifiers.forms import Message
from logonbell.notifiers.secret import Secret
from logonbell.notifiers.sns import SnsNotifier
from logonbell.notifiers.topic_guard import TopicGuard
from logonbell.pace import Limits
from logonbell.recognise.noise import HALLMARKS
from logonbell.recognise.windows import CHANNELS, WANTED
from logonbell.rule import Rules
from logonbell.rulebook.mistake import Mistake
from logonbell.rulebook.patterns import linear
from logonbell.rulebook.shelf import chosen, joined, missing, own_rules, shipped
from logonbell.sentence import Sentence, say
from logonbell.sigma.detect import Detector
from logonbell.sigma.fields import Hours
from logonbell.sigma.form import Book
from logonbell.sigma.wanted import Ids, loud, together
from logonbell.sigma.wanted import wanted as wanted_by
from logonbell.silence import Allowance, Expected, Maintenance
from logonbell.source import Source
from logonbell.sources.authlog import AuthLog
from logonbell.sources.eventlog import EventLog
from logonbell.sources.evtx import EvtxSource
from logonbell.sources.groups import Asking, Grouped
from logonbell.sources.history import find_logs
from logonbell.sources.journal import JournalSource
from logonbell.sources.journalctl import Journalctl
from logonbell.sources.linux import LinuxLogs, logs_here, may_be_there
from logonbell.sources.winlog import WinlogSource
from logonbell.sources.wtmp import PLACE as WTMP
from logonbell.sources.wtmp import Wtmp
from logonbell.ssm.files import may_exist
from logonbell.ssm.owner import Observed
from logonbell.ssm.past import logs_of
from logonbell.ssm.processes import HostProcesses
from logonbell.ssm.source import SsmSource
from logonbell.store.outbox import Outbox
from logonbell.text.facts import Reader
from logonbell.text.language import speak
from logonbell.text.message import compose as parts_of
from logonbell.text.message import subject
from logonbell.text.sms import sms

Now = Callable[[], datetime]

CONSOLE = "console"


def reader_of(config: Config, desk: Desk) -> Reader:
    """Say for whom texts are written: in the language and zone of the desk, which is made as the settings say."""
    return Reader(desk.language, desk.zone, config.host or socket.gethostname())


def rules_of(config: Config) -> Rules:
    """Make the plain rules that the settings ask for."""
    return Rules(silent=config.rules.quiet, logoffs=config.rules.logoffs)


def book_of(config: Config, desk: Desk) -> Book:
    """Give the Sigma rules that are active; what is wrong with some of one's own is told, and the others serve."""
    settings = config.rules
    shelf = own_rules(
        settings.folders, dict(settings.placeholders), config.state if config.state.is_dir() else None
    )
    for one in shelf.mistakes:
        desk.remark(not_active(one))
    return joined(chosen(shipped(), settings.on, settings.off), shelf.book)


def not_active(mistake: Mistake) -> Sentence:
    """Say which rule is not active, and why."""
    place = f"{mistake.path}:{mistake.line}" if mistake.line else str(mistake.path)
    if mistake.rule is None:
        return say("{place}: {what}", place=place, what=mistake.what)
    return say(
        "{place}: the rule {rule} is not active: {what}", place=place, rule=mistake.rule, what=mistake.what
    )


def judge_of(config: Config, desk: Desk, book: Book | None = None) -> Judge:
    """Make what judges, by the settings and the rules that are active (``book``, where they are at hand)."""
    hours = config.rules.hours
    work = None if hours is None else Hours(hours.days, hours.begins, hours.ends)
    try:
        detector = Detector(book_of(config, desk) if book is None else book, desk.zone, linear)
    except ValueError as error:  # rules that were kept, and RE2, which came with pySigma, has gone since
        raise missing() from error
    return Judge(rules_of(config), detector, Clock(desk.zone, work))


def wanted_by_all(book: Book) -> Mapping[str, Ids]:
    """Say what is asked of Windows' log: what recognising reads, and what the rules ask for besides, by channel."""
    own = {channel: WANTED[channel] for channel in CHANNELS}
    return together(own, wanted_by(book.rules, CHANNELS))


def expected_of(config: Config, desk: Desk, told: Mapping[str, str]) -> list[Expected]:
    """Give what the settings say is expected: allowed always, or in windows of maintenance, in the zone of the desk.

    ``told`` holds, by the mark of each, the fingerprint of the notice that tells of it.
    """
    return [
        *(
            Allowance(allowed.cover, allowed.because, told.get(mark_of(allowed), ""))
            for allowed in config.rules.allow
        ),
        *(
            Maintenance(
                window.cover,
                window.because,
                window.days,
                window.begins,
                window.ends,
                desk.zone,
                told.get(mark_of(window), ""),
            )
            for window in config.maintenance
        ),
    ]


def limits_of(config: Config, notifier: str) -> Limits | None:
    """Say at what pace a notifier is sent messages; None where it takes everything at once."""
    if notifier == CONSOLE and not config.notify.console.paced:
        return None
    return config.notify.pace.limits


def sources_of(
    config: Config, closing: ExitStack, now: Callable[[], datetime] = utc_now, book: Book | None = None
) -> list[Source]:
    """Make the sources; a folder that has no log yet is refused, since nothing would be watched there.

    ``closing`` closes them, on the thread that reads them. What the rules of ``book`` ask for is read, too.
    """
    logs: list[Source] = []
    asked = wanted_by((book or Book()).rules, CHANNELS)
    for live in channels_of(config, now, asked=asked):
        closing.callback(live.close)
        logs.append(live)
    own: list[Grouped] = []
    for log in linux_logs_of(config, now):
        closing.callback(log.close)
        own.append(Grouped(log, Asking(), clock=now))
    logs += own
    if config.sources.evtx:
        files = find_logs(config.sources.evtx).files
        wanted, noise = together(WANTED, asked), loud(HALLMARKS, asked)
        logs += [EvtxSource(path, wanted=wanted, noise=noise) for path in files]
    sessions = _ssm_source(config, now)
    if not logs and sessions is None:
        raise Refused(
            say("The settings name no source, so nothing would be watched."),
            say(
                "Name event log files under [sources], as evtx = ['Security.evtx'], or on Linux auth_logs = ['/var/log/auth.log']."
            ),
        )
    beside = _wtmp_of(own, now)
    if sessions is None:
        return [*logs, *beside]
    processes = HostProcesses()
    observed = [Observed(log, sessions, processes, host="", clock=now) for log in logs]
    return [*observed, *beside, sessions]


def channels_of(
    config: Config,
    now: Callable[[], datetime],
    *,
    log: EventLog | None = None,
    asked: Mapping[str, Ids] = MappingProxyType({}),
) -> list[WinlogSource]:
    """Make a source of each channel of this machine's event log that is asked for; ``log`` stands in for Windows'.

    ``asked`` are the event ids that rules ask for, by channel.
    """
    channels = config.sources.channels
    if isinstance(channels, str):
        channels = tuple(dict.fromkeys((*CHANNELS, *asked))) if sys.platform == "win32" else ()
    if not channels:
        return []
    log = log or event_log()
    wanted = together(WANTED, asked)
    return [
        WinlogSource(
            channel,
            log,
            wanted=wanted.get(channel),
            by_channel=wanted,
            clock=now,
            ticks=time.monotonic,
            speaks=channel == channels[0],
        )
        for channel in channels
    ]


def linux_logs_of(config: Config, now: Callable[[], datetime]) -> list[JournalSource | AuthLog]:
    """Make a source of each log of this Linux machine that is asked for."""
    here = followed_of(config)
    files = [AuthLog(path, clock=now) for path in here.files]
    if not here.journal:
        return [*files]
    return [JournalSource(Journalctl(), clock=now, ticks=time.monotonic), *files]


def _wtmp_of(logs: Sequence[Grouped], now: Callable[[], datetime]) -> list[Wtmp]:
    """Make the cross-check of what logs of this Linux machine tell, where it keeps a wtmp."""

    def explains(user: str, time: datetime) -> bool | None:
        told = [log.tells_of(user, time) for log in logs]
        return None if None in told else any(told)

    return [Wtmp(WTMP, explains, clock=now)] if logs and may_be_there(WTMP) else []


def followed_of(config: Config) -> LinuxLogs:
    """Say which logs of this Linux machine are followed, as the settings and the machine have it."""
    journal, files = config.sources.journal, config.sources.auth_logs
    others = config.sources.evtx or not isinstance(config.sources.channels, str)
    here = LinuxLogs(journal=False) if others else logs_here(journal=journal != OFF)
    followed = here.journal if journal == AUTO else journal == ON
    if not isinstance(files, str):
        return LinuxLogs(followed, files)
    return LinuxLogs(followed, () if followed else here.files)


def event_log() -> EventLog:
    """Give this machine's event log. Raises ``Refused`` where there is none."""
    if sys.platform == "win32":
        from logonbell.sources.wevt import WindowsEventLog  # noqa: PLC0415 - pywin32 is there on Windows only

        return WindowsEventLog()
    raise Refused(
        say("Channels are Windows' own, and this is not Windows."),
        say("Name event log files instead: under [sources] as evtx = ['Security.evtx'], or as an argument."),
    )


def _ssm_source(config: Config, now: Callable[[], datetime]) -> SsmSource | None:
    """Make the source of this machine's SSM sessions; its events name no host, so they are of this machine."""
    folder = config.sources.ssm
    if folder == OFF:
        return None
    if isinstance(folder, str):
        folder = default_ssm()
        if not may_exist(folder):
            return None
    return SsmSource(folder, host="", clock=now, logs=logs_of(folder), processes=HostProcesses())


def notifiers_of(config: Config, desk: Desk, now: Callable[[], datetime] = utc_now) -> list[Notifier]:
    """Make the notifiers; settings without any are refused, since nothing would ring."""
    reader = reader_of(config, desk)
    notifiers: list[Notifier] = []
    if config.notify.console.enabled:
        notifiers.append(Console(desk.out, reader, now, name=CONSOLE))
    notifiers += [_sns(table, reader, now) for table in config.notify.sns]
    notifiers += [_webhook(table, reader, now) for table in config.notify.webhook]
    notifiers += [_apprise(table, reader, now) for table in config.notify.apprise]
    if not notifiers:
        raise Refused(
            say("The settings name no notifier, so nothing would ring."),
            say("Add [notify.sns] with topic_arn, or leave [notify.console] enabled."),
        )
    return notifiers


def _sns(table: ToSns, reader: Reader, now: Now) -> Notifier:
    return SnsNotifier(
        table.topic_arn,
        composer(reader, now, ascii_subject=table.ascii_subject),
        host_name=reader.host_name,
        form=table.format,
        region=table.region,
        endpoint_url=table.endpoint_url,
        tell=lambda sentence: speak(sentence, reader.language),
        name=table.name,
    )


def guard_of(table: ToSns) -> TopicGuard:
    """Make what looks after a topic."""
    return TopicGuard(
        table.topic_arn, region=table.region, endpoint_url=table.endpoint_url, form=table.format
    )


def caretaker_of(
    table: ToSns, config: Config, desk: Desk, outbox: Outbox, notifiers: Sequence[str]
) -> Caretaker:
    """Make what makes the rounds of a topic, with an outbox connection of its own thread; it rings through ``notifiers``."""
    reader = reader_of(config, desk)
    sns = _sns(table, reader, utc_now)
    return Caretaker(
        guard_of(table),
        outbox,
        notifiers,
        config.notify.filters,
        rules_of(config),
        utc_now,
        reader.host_name,
        canary=(lambda notification: sns.deliver([notification])[0]) if table.canary else None,
    )


def _webhook(table: ToWebhook, reader: Reader, now: Now) -> Notifier:
    from logonbell.notifiers.webhook import Mailbox, Webhook  # noqa: PLC0415 - 25 ms that others do without

    mailbox = Mailbox(table.url, Secret(table.key_file, table.key_env), table.ca_file)
    return Webhook(mailbox, json_composer(reader, now), now=now, monotonic=time.monotonic, name=table.name)


def _apprise(table: ToApprise, reader: Reader, now: Now) -> Notifier:
    return Apprise(table.url or Secret(table.url_file), composer(reader, now), name=table.name)


def json_composer(reader: Reader, now: Now) -> Callable[[Telling], bytes]:
    """Make what writes the JSON message."""
    compose = composer(reader, now)
    return lambda telling: written(compose(telling).document, lambda _: True).encode()


def composer(
    reader: Reader, now: Callable[[], datetime], *, ascii_subject: bool = False
) -> Callable[[Telling], Message]:
    """Make what writes a telling for a reader, in each form in which it may be taken to them."""

    def compose(telling: Telling) -> Message:
        sent = now()
        parts = parts_of(telling, reader, sent)
        line = subject(
            telling,
            language=reader.language,
            host_name=reader.host_name,
            zone=reader.zone,
            ascii_only=ascii_subject,
        )
        text = parts.text()
        whole = document(telling, Said(line, text, reader.host_name, sent))
        return Message(line, text, sms(telling, reader), whole, chat(whole, parts, line))

    return compose


def names(things: Sequence[Source] | Sequence[Notifier]) -> list[str]:
    """Give the keys under which the outbox knows them."""
    return [thing.name for thing in things]
