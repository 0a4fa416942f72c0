"""``logonbell test``: rings once through each configured notifier, and says what came back."""

from __future__ import annotations

from collections.abc import Iterator

from logonbell.agent import utc_now
from logonbell.commands.composition import notifiers_of, reader_of
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.config.settings import Config
from logonbell.instance import this_instance
from logonbell.logon import NoticeKind
from logonbell.notice import notice
from logonbell.notification import Notification
from logonbell.notifier import Undelivered
from logonbell.sentence import Sentence, say


def ring(desk: Desk, config: Config) -> int:
    """Ring, past the outbox: what is tried is the way to people. Returns the exit code."""
    taken = [_told(desk, notifier, answer) for notifier, answer in answers(desk, config)]
    return 0 if all(taken) else MENDABLE


def say_farewell(desk: Desk, config: Config, author: str) -> bool:
    """Ring, past the outbox, that logonbell is about to be uninstalled; tell whether all notifiers took it."""
    what = say(
        "{author} uninstalls logonbell: nobody watches from now on, and what it audits besides is put back.",
        author=author,
    )
    given = answers(desk, config, NoticeKind.STOPPED, what)
    taken = [_told(desk, notifier, answer) for notifier, answer in given]
    return all(taken)


def answers(
    desk: Desk, config: Config, kind: NoticeKind = NoticeKind.TEST, what: Sentence | None = None
) -> Iterator[tuple[str, str | Undelivered]]:
    """Ring through one notifier after the other; give its name, and its receipt or why it did not take it."""
    now = utc_now()
    host, instance = reader_of(config, desk).host_name, this_instance()
    what = what or say("This is a test: logonbell on {host} can reach you.", host=host)
    # Its number is the moment, so that no two are taken for one.
    number = int(now.timestamp() * 1000)
    host_id = host if instance is None else instance.id
    alert = notice(kind, what, host_id=host_id, number=number, time=now)
    notification = Notification(alert, 0, now, instance=instance)
    for notifier in notifiers_of(config, desk):
        yield notifier.name, notifier.deliver([notification])[0]


def _told(desk: Desk, notifier: str, answer: str | Undelivered) -> bool:
    if isinstance(answer, Undelivered):
        desk.remark(say("{notifier} did not take it: {why}", notifier=notifier, why=answer.why))
        return False
    if answer == notifier:  # nobody signs for what is written to a console
        desk.remark(say("{notifier} took it.", notifier=notifier))
        return True
    desk.remark(say("{notifier} took it: {receipt}", notifier=notifier, receipt=answer))
    return True
