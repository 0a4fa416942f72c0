"""Where things are put together: from the settings to sources, rules and notifiers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from datetime import datetime

from logonbell.agent import utc_now
from logonbell.commands.desk import Desk
from logonbell.config import OFF, Config, default_ssm
from logonbell.errors import Refused
from logonbell.notifier import Notification, Notifier
from logonbell.notifiers.console import Console
from logonbell.notifiers.sns import Message, SnsNotifier
from logonbell.recipe import RULES
from logonbell.recognise.windows import WANTED
from logonbell.rule import Rules
from logonbell.sentence import say
from logonbell.source import Source
from logonbell.sources.evtx import EvtxSource
from logonbell.sources.history import find_logs
from logonbell.ssm.files import may_exist
from logonbell.ssm.owner import Observed
from logonbell.ssm.past import logs_of
from logonbell.ssm.processes import HostProcesses
from logonbell.ssm.source import SsmSource
from logonbell.text.facts import Reader
from logonbell.text.language import speak
from logonbell.text.message import body, subject


def reader_of(config: Config, desk: Desk) -> Reader:
    """Say for whom texts are written: in the language and zone of the desk, which is made as the settings say."""
    return Reader(desk.language, desk.zone, config.host or socket.gethostname())


def rules_of(config: Config) -> Rules:
    """Make the rules that the settings ask for."""
    return Rules(silent=config.rules.quiet, over_events=tuple(RULES[name] for name in config.rules.on))


def sources_of(config: Config, now: Callable[[], datetime] = utc_now) -> list[Source]:
    """Make the sources; a folder that has no log yet is refused, since nothing would be watched there."""
    logs: list[Source] = []
    if config.sources.evtx:
        logs += [EvtxSource(path, wanted=WANTED) for path in find_logs(config.sources.evtx).files]
    sessions = _ssm_source(config, now)
    if not logs and sessions is None:
        raise Refused(
            say("The settings name no source, so nothing would be watched."),
            say("Name event log files under [sources], as evtx = ['Security.evtx']."),
        )
    if sessions is None:
        return logs
    processes = HostProcesses()
    return [*(Observed(log, sessions, processes, host="", clock=now) for log in logs), sessions]


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
        notifiers.append(Console(desk.out, reader, now))
    if (sns := config.notify.sns) is not None:
        notifiers.append(
            SnsNotifier(
                sns.topic_arn,
                composer(reader, now, ascii_subject=sns.ascii_subject),
                host_name=reader.host_name,
                region=sns.region,
                endpoint_url=sns.endpoint_url,
                tell=lambda sentence: speak(sentence, reader.language),
            )
        )
    if not notifiers:
        raise Refused(
            say("The settings name no notifier, so nothing would ring."),
            say("Add [notify.sns] with topic_arn, or leave [notify.console] enabled."),
        )
    return notifiers


def composer(
    reader: Reader, now: Callable[[], datetime], *, ascii_subject: bool = False
) -> Callable[[Notification], Message]:
    """Make what writes a notification's subject and body for a reader."""

    def compose(notification: Notification) -> Message:
        line = subject(
            notification, language=reader.language, host_name=reader.host_name, ascii_only=ascii_subject
        )
        text = body(
            notification,
            language=reader.language,
            zone=reader.zone,
            host_name=reader.host_name,
            sent=now(),
        )
        return Message(line, text)

    return compose


def names(things: Sequence[Source] | Sequence[Notifier]) -> list[str]:
    """Give the keys under which the outbox knows them."""
    return [thing.name for thing in things]
