"""Where a webhook is posted to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from logonbell.errors import Refused
from logonbell.sentence import say


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post. Its path and query may be secret: only ``shown`` is ever told to anybody."""

    host: str
    port: int
    path: str
    tls: bool

    @property
    def shown(self) -> str:
        """Scheme, host and port."""
        usual = self.port == (443 if self.tls else 80)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}" + ("" if usual else f":{self.port}")


def read_target(url: str) -> Target:
    """Read an address. Raises ``Refused`` for what is none, and for http to anywhere but this machine."""
    example = say("It looks like https://alerts.example.com/logonbell.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        host, port = "", None
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise Refused(say("It is not an https address."), example)
    if not url.isascii() or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise Refused(
            say("It holds characters that no address has."), say("Write them percent-encoded, as %E9%90%98.")
        )
    if "@" in parts.netloc or parts.fragment:
        raise Refused(say("{host}: such an address has no user and no fragment.", host=host), example)
    tls = parts.scheme == "https"
    if not tls and host not in {"127.0.0.1", "::1", "localhost"}:
        raise Refused(
            say("{host} is asked over http, so anyone on the way could read the alerts.", host=host),
            say("Write https; http is for a receiver on this machine only."),
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port or (443 if tls else 80), path, tls)
