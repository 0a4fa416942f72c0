"""Says to CloudWatch, once a minute, that this host is watched: what the stack's watchman listens for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.caretaker import recall
from logonbell.host import Instance
from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.notifiers.check import words_of
from logonbell.notifiers.identity import forbids
from logonbell.sentence import Sentence, say
from logonbell.store.outbox import Outbox
from logonbell.trouble import Told, Trouble

NAMESPACE = "logonbell"
PAUSE = 60.0
"""Seconds between two beats."""
ALIVE = timedelta(minutes=3)
"""So old may the sign of life of who watches be: it is given once a minute, and a storm of events takes its time."""

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Beat:
    """Beats while somebody watches. It says nothing while nobody does: that silence is what rings.

    ``find`` tells which instance this is; ``aws`` makes CloudWatch's door in a region; ``canaries`` are the topics whose
    last canary is told, too.
    """

    outbox: Outbox
    find: Callable[[], Instance | None]
    aws: Callable[[str], Aws]
    clock: Clock
    told: Told
    canaries: Sequence[str] = ()
    _instance: Instance | None = field(init=False, default=None)
    _cloudwatch: Aws | None = field(init=False, default=None)
    _canary: datetime | None = field(init=False, default=None)
    _trouble: Trouble = field(init=False)

    def __post_init__(self) -> None:
        self._trouble = Trouble(self.told)

    def round(self) -> bool:
        """Beat once; tell whether CloudWatch took it. Raises ``Refused`` where the state cannot be read."""
        now, alive = self.clock(), self.outbox.alive()
        if alive is None or abs(now - alive) > ALIVE:
            return False
        self._instance = self._instance or self.find()
        if self._instance is None:
            self._trouble.met(say("This is no EC2 instance, so its heartbeat does not go to CloudWatch."))
            return False
        if self._cloudwatch is None:
            self._cloudwatch = self.aws(self._instance.region)
        host = [{"Name": "Host", "Value": self._instance.id}]
        points = [{"MetricName": "Heartbeat", "Dimensions": host, "Timestamp": now, "Value": 1}]
        canary = max(self._canaries(), default=None)
        if canary is not None and canary != self._canary:
            points.append({"MetricName": "Canary", "Dimensions": host, "Timestamp": canary, "Value": 1})
        try:
            self._cloudwatch.ask(lambda one: one.put_metric_data(Namespace=NAMESPACE, MetricData=points))
        except NotAnswered as lost:
            self._cloudwatch.forget()
            self._trouble.met(_why(lost))
            return False
        self._canary = canary
        self._trouble.over()
        return True

    def _canaries(self) -> Iterator[datetime]:
        """Give when the canary of each topic was taken last."""
        for topic in self.canaries:
            seen = recall(self.outbox, topic)
            if seen is not None and seen.canary_taken is not None:
                yield seen.canary_taken


def _why(lost: NotAnswered) -> Sentence:
    if forbids(lost):
        return say(
            "AWS forbids the heartbeat. Allow cloudwatch:PutMetricData in the namespace {namespace}: logonbell cloud policy. "
            "({words})",
            namespace=NAMESPACE,
            words=words_of(lost),
        )
    return say("CloudWatch does not take the heartbeat, trying again. ({words})", words=words_of(lost))
