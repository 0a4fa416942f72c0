"""Posts notifications to a web address, signed, so that the receiver knows whose they are and when they were sent.

The contract with receivers is docs/reference/webhook.md.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from pathlib import Path
from types import MappingProxyType

from logonbell import __version__
from logonbell.errors import Refused
from logonbell.notification import Telling
from logonbell.notifier import Undelivered
from logonbell.notifiers.https import ANSWER_SECONDS, Answer, RoadError, post
from logonbell.notifiers.secret import Secret
from logonbell.notifiers.target import Target
from logonbell.sentence import Hole, Sentence, say

SIGNATURE = "Logonbell-Signature"
IDEMPOTENCY = "Idempotency-Key"
SHORTEST_KEY = 32
"""Characters: what ``openssl rand -hex 16`` gives."""
LONGEST_PATIENCE = 900.0
"""Seconds for which a receiver's Retry-After is believed: an alert that waits longer is of no use at night."""
_WORDS = 200

SETTING = say("{where} answered {status}. Look at url and at the receiver; the alert waits. ({words})")
TROUBLE = say("{where} has trouble ({status}). It is tried again. ({words})")
REFUSALS: Mapping[int, Sentence] = MappingProxyType(
    {
        400: say("{where} does not take this message ({status}). ({words})"),
        413: say("{where} finds this message too large. ({words})"),
        422: say("{where} does not take this message ({status}). ({words})"),
        401: say(
            "{where} does not accept the signature. Look whether both sides have the same key and the right time; the "
            "alert waits. ({words})"
        ),
        403: say(
            "{where} forbids it. Look at url, at its firewall and at the key; the alert waits. ({words})"
        ),
        404: say("{where} has nothing at this address. Mend url; the alert waits. ({words})"),
        410: say("{where} has nothing at this address any more. Mend url; the alert waits. ({words})"),
        408: TROUBLE,
        425: TROUBLE,
        429: say("{where} is asked too much at once. It is tried again, more slowly. ({words})"),
    }
)
PERMANENT = frozenset({400, 413, 422})
"""The message itself is at fault: nothing that people or time mend makes the receiver take it."""
MOVED = say(
    "{where} wants the alert elsewhere ({status}), which is not followed. Mend url; the alert waits. ({words})"
)
ASKED_FOR_PATIENCE = say("{where} asked to be left alone for a while. It is tried again.")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The receiver: its address, the keys that it knows, and who vouches for its certificate (None: this machine)."""

    target: Target
    keys: Secret
    ca_file: Path | None = None


class Webhook:
    """Posts each notification by itself. The receipt is the receiver's status, and the first line of what it says.

    ``compose`` makes the body, which is JSON. ``now`` is asked for the time that is signed, ``monotonic`` (seconds) for
    how long a receiver has been left alone that asked for it. The keys are read for each delivery, so that a changed one
    needs no restart.
    """

    batch = 10

    def __init__(
        self,
        mailbox: Mailbox,
        compose: Callable[[Telling], bytes],
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        name: str = "webhook",
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._mailbox = mailbox
        self._compose = compose
        self._now = now
        self._monotonic = monotonic
        self._name = name
        self._answer_seconds = answer_seconds
        self._alone_until = float("-inf")

    @property
    def name(self) -> str:
        """The key of its delivery rows."""
        return self._name

    def prepare(self) -> None:
        """Nothing holds up the first post."""

    def deliver(self, tellings: Sequence[Telling]) -> Sequence[str | Undelivered]:
        """Post them one after the other. Where the road or the receiver fails, the rest is not tried.

        One answer that it has trouble may be of the message; two in a row are of the receiver.
        """
        if self._monotonic() < self._alone_until:
            return [self._why(ASKED_FOR_PATIENCE)] * len(tellings)
        try:
            keys = read_keys(self._mailbox.keys)
        except Refused as refused:
            why = say(
                "The key for {where} cannot be used; the alert waits. {why}",
                where=self._where,
                why=refused.sentence,
            )
            return [Undelivered(why)] * len(tellings)
        answers: list[str | Undelivered] = []
        failures = 0
        for telling in tellings:
            try:
                answer = self._post(telling, keys)
            except RoadError as lost:
                answers.append(Undelivered(lost.why))
                failures = 2
            else:
                answers.append(self._read(answer))
                failures = failures + 1 if _failed(answers[-1]) else 0
            if failures == 2 or self._monotonic() < self._alone_until:
                break
        return answers + answers[-1:] * (len(tellings) - len(answers))

    @property
    def _where(self) -> str:
        return self._mailbox.target.shown

    def _post(self, telling: Telling, keys: Sequence[str]) -> Answer:
        body = self._compose(telling)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"logonbell/{__version__}",
            IDEMPOTENCY: telling.fingerprint,
            SIGNATURE: signature(body, keys, self._now()),
        }
        return post(
            self._mailbox.target,
            body,
            headers,
            ca_file=self._mailbox.ca_file,
            answer_seconds=self._answer_seconds,
        )

    def _read(self, answer: Answer) -> str | Undelivered:
        status, words = answer.status, _words(answer)
        if 200 <= status < 300:
            return f"HTTP {status}: {words}" if words else f"HTTP {status}"
        if status in {429, 503}:
            self._alone_until = self._monotonic() + _patience(
                answer.headers.get("retry-after", ""), self._now()
            )
        if status >= 500:
            why = TROUBLE
        elif 300 <= status < 400:
            why = MOVED
        else:
            why = REFUSALS.get(status, SETTING)
        told = words or responses.get(status, "-")
        return self._why(why, status=status, words=told, permanent=status in PERMANENT)

    def _why(self, why: Sentence, *, permanent: bool = False, **holes: Hole) -> Undelivered:
        return Undelivered(replace(why, holes={"where": self._where, **holes}), permanent)


def signature(body: bytes, keys: Sequence[str], now: datetime) -> str:
    """Give the header's value: the time in whole seconds since 1970, and the time and body signed with each key."""
    time = str(int(now.timestamp()))
    signed = time.encode() + b"." + body
    marks = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys]
    return ",".join([f"t={time}", *(f"v1={mark}" for mark in marks)])


def read_keys(secret: Secret) -> list[str]:
    """Read the keys, one or several. Raises ``Refused`` for one that is none."""
    keys = [key for line in secret.lines() for key in line.split()]
    for number, key in enumerate(keys, 1):
        if len(key) < SHORTEST_KEY or not key.isascii():
            raise Refused(
                say(
                    "Its key number {number} is shorter than {least} characters, or not plain letters and digits.",
                    number=number,
                    least=SHORTEST_KEY,
                ),
                say("Make one: openssl rand -hex 32"),
            )
    return keys


def _failed(answer: str | Undelivered) -> bool:
    return isinstance(answer, Undelivered) and not answer.permanent


def _words(answer: Answer) -> str:
    """Give the first line that the receiver said, if it spoke to people and wrote no page."""
    line = answer.body.decode(errors="replace").partition("\n")[0].strip()
    return "" if line.startswith("<") else line[:_WORDS]


def _patience(retry_after: str, now: datetime) -> float:
    """Read Retry-After (RFC 9110): seconds, or a time; 0 for what is neither."""
    text = retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), LONGEST_PATIENCE)
    try:
        time = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return min(max((time - now).total_seconds(), 0.0), LONGEST_PATIENCE)
