"""Reads the messages that wait in an SQS queue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from logonbell.errors import Refused
from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.sentence import say

HIDDEN = 300
"""Seconds for which a message that was looked at is seen by nobody else."""
_EMPTY = 3
"""So many empty answers in a row mean that nothing is left: SQS asks only some of its servers at a time."""
_URL = re.compile(r"https://sqs\.([a-z0-9-]+)\.")


class Queue:
    """One queue. Raises ``Refused`` for whatever AWS does not answer."""

    def __init__(self, url: str, *, region: str | None, endpoint_url: str | None) -> None:
        found = _URL.match(url)
        region = region or (found[1] if found else None)
        if region is None:
            raise Refused(say("{url} does not say its region.", url=url), say("Name it: --region"))
        self._url = url
        self._sqs = Aws("sqs", region, endpoint_url=endpoint_url, read_seconds=30)

    def bodies(self, *, take: Callable[[str], object] | None = None) -> Iterator[tuple[str, str]]:
        """Give the id and the body of each message that waits, once.

        With ``take``, each body is handed to it, and is out of the queue once it returned. Otherwise it comes back into the
        queue's sight after ``HIDDEN`` seconds.
        """
        seen: set[str] = set()
        empty = 0
        while empty < _EMPTY:
            answer = self._ask(
                lambda sqs: sqs.receive_message(
                    QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=HIDDEN
                )
            )
            messages: list[dict[str, Any]] = answer.get("Messages", [])
            new = [message for message in messages if message["MessageId"] not in seen]
            empty = 0 if new else empty + 1
            for message in new:
                seen.add(message["MessageId"])
                if take is not None:
                    take(message["Body"])
                    self._delete(message["ReceiptHandle"])
                yield message["MessageId"], message["Body"]

    def _delete(self, receipt: str) -> None:
        self._ask(lambda sqs: sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt))

    def _ask(self, request: Any) -> Any:
        try:
            return self._sqs.ask(request)
        except NotAnswered as lost:
            raise Refused(
                say("The queue {url} cannot be read: {why}", url=self._url, why=str(lost)),
                say("Look at its address, the region and your AWS credentials (sqs:ReceiveMessage)."),
            ) from lost
