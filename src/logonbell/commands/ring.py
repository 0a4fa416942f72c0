"""``logonbell test``: rings once through each configured notifier, and says what came back."""

from __future__ import annotations

from logonbell.agent import utc_now
from logonbell.commands.composition import notifiers_of, reader_of
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.config.settings import Config
from logonbell.instance import this_instance
from logonbell.logon import NoticeKind
from logonbell.notice import notice
from logonbell.notification import Notification
from logonbell.notifier import Notifier, Undelivered
from logonbell.sentence import say


def ring(desk: Desk, config: Config) -> int:
    """Ring, past the outbox: what is tried is the way to people. Returns the exit code."""
    now = utc_now()
    host, instance = reader_of(config, desk).host_name, this_instance()
    what = say("This is a test: logonbell on {host} can reach you.", host=host)
    # Its number is the moment, so that no two are taken for one.
    number = int(now.timestamp() * 1000)
    host_id = host if instance is None else instance.id
    alert = notice(NoticeKind.TEST, what, host_id=host_id, number=number, time=now)
    notification = Notification(alert, 0, now, instance=instance)
    taken = [_ring(desk, notifier, notification) for notifier in notifiers_of(config, desk)]
    return 0 if all(taken) else MENDABLE


def _ring(desk: Desk, notifier: Notifier, notification: Notification) -> bool:
    answer = notifier.deliver([notification])[0]
    if isinstance(answer, Undelivered):
        desk.remark(say("{notifier} did not take it: {why}", notifier=notifier.name, why=answer.why))
        return False
    if answer == notifier.name:  # nobody signs for what is written to a console
        desk.remark(say("{notifier} took it.", notifier=notifier.name))
        return True
    desk.remark(say("{notifier} took it: {receipt}", notifier=notifier.name, receipt=answer))
    return True
