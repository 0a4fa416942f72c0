"""Waiting until those who shall hear the topic have confirmed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from logonbell.cloud.wanted import Wanted
from logonbell.commands.desk import Desk
from logonbell.notifiers.aws import Aws
from logonbell.notifiers.subscription import Subscription, list_subscriptions, told
from logonbell.sentence import say

_LOOK_SECONDS = 5.0


def wait_for_mail(
    desk: Desk, sns: Aws, topic: str, wanted: Wanted, *, minutes: float, pause: Callable[[float], None]
) -> bool:
    """Wait until each mailbox of the stack has confirmed, or that is given up; tell whether anybody hears the topic."""
    ours = {(one.protocol, one.endpoint) for one in wanted.subscribers}
    asked_for: set[str] = set()
    try:
        for left in range(int(minutes * 60 / _LOOK_SECONDS), -1, -1):
            listed, _ = list_subscriptions(sns, topic, structured=False)
            if listed is None:
                desk.remark(say("Who hears the topic may not be looked at (sns:ListSubscriptionsByTopic)."))
                return True
            pending = [one for one in listed if not one.confirmed and one.key in ours]
            for one in pending:
                if one.endpoint not in asked_for:
                    asked_for.add(one.endpoint)
                    desk.remark(
                        say(
                            "{subscriber}: AWS sent a confirmation. Open its link; or copy it, so that no mail scanner can "
                            "end the subscription: logonbell topic confirm LINK",
                            subscriber=told(one.key),
                        )
                    )
            if not pending or not left:
                break
            pause(_LOOK_SECONDS)
    except KeyboardInterrupt:
        desk.remark(say("It goes on without waiting any longer."))
        listed, _ = list_subscriptions(sns, topic, structured=False)
    return _tell_heard(desk, listed or ())


def _tell_heard(desk: Desk, listed: Iterable[Subscription]) -> bool:
    heard = False
    for one in listed:
        if one.confirmed:
            heard = True
            desk.say(say("{subscriber}: confirmed.", subscriber=told(one.key)))
        else:
            desk.say(say("{subscriber}: not confirmed, so it hears nothing.", subscriber=told(one.key)))
    if not heard:
        desk.remark(say("Nobody hears the topic yet. Once somebody has confirmed: logonbell cloud status"))
    return heard
