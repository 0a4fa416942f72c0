"""Takes notifications to whatever apprise speaks to: Slack, Teams and some hundred and seventy others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import unquote

from logonbell.alert import Level
from logonbell.errors import Refused
from logonbell.notification import Telling
from logonbell.notifier import Undelivered
from logonbell.notifiers.secret import Secret
from logonbell.sentence import Sentence, say
from logonbell.text.plain import plain

SECONDS = 15
"""A service that does not answer within is given up."""
_TYPES: Mapping[Level, str] = MappingProxyType(
    {
        Level.INFORMATIONAL: "info",
        Level.LOW: "info",
        Level.MEDIUM: "warning",
        Level.HIGH: "failure",
        Level.CRITICAL: "failure",
    }
)
_SHORTEST = 4
"""Characters of a part of an address that may be a secret; shorter ones would hide half of every sentence."""
_WORDS = 300


class Text(Protocol):
    """What a person reads: one line, and the whole."""

    @property
    def subject(self) -> str:
        """One line."""
        ...

    @property
    def body(self) -> str:
        """The whole."""
        ...


class Apprise:
    """Sends to one address of apprise's. The receipt is the name of the service: apprise knows no more.

    The address is a secret: what is told of it is its scheme. It is given, or read for each delivery from where it
    stands. apprise is an optional extra, and imported by the first delivery (300 ms, 44 MB). It does not say whether a
    failure is for good, so all wait. One at a time: a message that the service cannot take holds up none behind it.
    """

    batch = 1

    def __init__(
        self,
        address: str | Secret,
        compose: Callable[[Telling], Text],
        *,
        name: str = "apprise",
        seconds: float = SECONDS,
    ) -> None:
        self._address = address
        self._compose = compose
        self._name = name
        self._seconds = seconds
        self._made: tuple[str, Any] | None = None

    @property
    def name(self) -> str:
        """The key of its delivery rows."""
        return self._name

    def prepare(self) -> None:
        """Import apprise: a third of a second in which nobody waits for an alert yet."""
        with suppress(Exception):  # the first delivery tries again, and says why
            import apprise  # noqa: F401, PLC0415 - an optional extra

    def deliver(self, tellings: Sequence[Telling]) -> Sequence[str | Undelivered]:
        """Send them, each by itself."""
        return [self._deliver(telling) for telling in tellings]

    def _deliver(self, telling: Telling) -> str | Undelivered:
        address = ""
        try:
            address = self._read_address()
            return self._send(address, telling)
        except Refused as refused:
            return Undelivered(refused.sentence)
        except ModuleNotFoundError as error:
            return Undelivered(
                say(
                    "apprise is not installed here ({module}). Run: pip install 'logonbell[apprise]'; the alert waits.",
                    module=error.name or "apprise",
                )
            )
        except Exception as error:  # noqa: BLE001 - so many services are others' code, and none of them may end the agent
            return Undelivered(
                _not_taken(_scheme(address), hide(f"{type(error).__name__}: {error}", address))
            )

    def _read_address(self) -> str:
        if isinstance(self._address, str):
            return self._address
        lines = self._address.lines()
        if len(lines) > 1:
            raise Refused(
                say("The file of {notifier} holds {count} addresses.", notifier=self._name, count=len(lines)),
                say("Give each an [[notify.apprise]] of its own, so that none is told twice for another."),
            )
        return lines[0]

    def _send(self, address: str, telling: Telling) -> str | Undelivered:
        import apprise  # noqa: PLC0415 - an optional extra, only when there is something to send

        if self._made is None or self._made[0] != address:
            self._made = (address, _service(apprise, address))
        sender = apprise.Apprise(asset=_asset(apprise))
        sender.add(self._made[1])
        text = self._compose(telling)
        result = sender.notify(
            body=plain(text.body),
            title=plain(text.subject),
            notify_type=_TYPES[telling.level],
            body_format=apprise.NotifyFormat.TEXT,
            timeout=self._seconds,
        )
        service = str(self._made[1].service_name)
        if result:
            return service
        self._made = None  # a new one logs on anew, and asks anew for names and addresses
        said = " ".join(entry.message for entry in result.logs())
        return Undelivered(_not_taken(service, hide(said, address) or "-"))


def hide(words: str, address: str) -> str:
    """Take every part of an address out of what is told, however it is written there, and bound it."""
    written = re.split(r"[/:@?&=#,;+\s]+", address.partition("://")[2])
    parts = {part for one in written for part in (one, unquote(one)) if len(part) >= _SHORTEST}
    for part in sorted(parts, key=len, reverse=True):
        words = re.sub(re.escape(part), "***", words, flags=re.IGNORECASE)
    return words[:_WORDS]


def _not_taken(service: str, words: str) -> Sentence:
    return say(
        "{service} did not take it. Look at its address and at the network; it is tried again. ({words})",
        service=service,
        words=words,
    )


def _service(apprise: Any, address: str) -> Any:
    """Make what speaks to an address. Raises ``Refused`` where apprise knows no such service."""
    service = apprise.Apprise.instantiate(address, asset=_asset(apprise))
    if service is None:
        raise Refused(
            say("apprise does not know this address ({scheme}).", scheme=_scheme(address)),
            say("Look it up in apprise's list of services; the alert waits."),
        )
    if "overflow=" not in address:
        # The first line says all that matters; what is too long for the service is better cut than refused for ever.
        service.overflow_mode = apprise.OverflowMode.TRUNCATE
    return service


def _asset(apprise: Any) -> Any:
    return apprise.AppriseAsset(app_id="logonbell", app_desc="logonbell", async_mode=False)


def _scheme(address: str) -> str:
    """Give what is no secret in an address; of one without a scheme that is nothing."""
    found = re.match(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://", address)
    return f"{found[0]}..." if found else "..."
