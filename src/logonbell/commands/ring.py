"""``logonbell test``: rings once through each configured notifier, and says what came back."""

from __future__ import annotations

from datetime import datetime

from logonbell.agent import utc_now
from logonbell.commands.composition import notifiers_of, reader_of, rules_of
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.config import Config
from logonbell.event import EventRef
from logonbell.logon import Notice, NoticeKind
from logonbell.notification import Notification
from logonbell.notifier import Notifier, Undelivered
from logonbell.rule import alert_for
from logonbell.sentence import say

CHANNEL = "logonbell"


def ring(desk: Desk, config: Config) -> int:
    """Ring, past the outbox: what is tried is the way to people. Returns the exit code."""
    now = utc_now()
    host = reader_of(config, desk).host_name
    notice = test_notice(host, now)
    notification = Notification(alert_for(notice, rules_of(config).judge(notice), host), 0, now)
    taken = [_ring(desk, notifier, notification) for notifier in notifiers_of(config, desk)]
    return 0 if all(taken) else MENDABLE


def test_notice(host: str, now: datetime) -> Notice:
    """Make the finding of a test ring; its record id is the moment, so that no two are taken for one."""
    moment = EventRef(CHANNEL, int(now.timestamp() * 1000), 0)
    return Notice(
        now,
        host,
        (moment,),
        NoticeKind.TEST,
        say("This is a test: logonbell on {host} can reach you.", host=host),
    )


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
