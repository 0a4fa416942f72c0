"""What sshd says when it lets somebody in, on both systems: its line ``Accepted …``, taken apart.

Its form is auth.c's ``auth_log`` and ``format_method_key`` (OpenSSH 7.4 to 10; until 7.9 a certificate stood there without
the fingerprint of its own key). The name of an account, and what a certificate says of its holder, may hold anything:
``from 192.0.2.1 port 22 ssh2`` too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from logonbell.logon import Certificate

_KEY = r"[A-Z0-9-]{1,32} (?:SHA\d{1,3}|MD5):[\w+/=:]{1,128}"
_HOST = r"(?:, client user .{0,300})?"
_WHO = (
    r"Accepted (?P<how>\S{1,64}) for (?P<user>.{1,512}%s) from (?P<address>\S{1,64}) port (?P<port>\d{1,5})"
)
_FORMS = (
    re.compile(_WHO % "?" + r" ssh2", re.DOTALL),
    re.compile(_WHO % "?" + rf" ssh2: (?P<key>{_KEY}){_HOST}", re.DOTALL),
    re.compile(
        _WHO % "?"
        + rf" ssh2: (?:(?P<key>{_KEY}) |[A-Z0-9-]{{1,32}} )ID (?P<identity>.{{0,1024}})"
        + rf" \(serial (?P<serial>\d{{1,20}})\) CA (?P<ca>{_KEY}){_HOST}",
        re.DOTALL,
    ),
)
_ANY = re.compile(_WHO % "" + r"\b", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Who came in, from where, and how they proved who they are. ``key`` is its type and fingerprint."""

    how: str
    user: str
    address: str
    port: str
    key: str | None = None
    certificate: Certificate | None = None


def accepted_in(message: str) -> Accepted | None:
    """Take the line apart; None where it is another one.

    The earliest reading that explains the line to its end is right: what follows it is the certificate's text, and that
    is not sshd's. Of a line in no known form, the last that looks like an address is taken.
    """
    if not message.startswith("Accepted "):
        return None
    for form in _FORMS:
        match = form.fullmatch(message)
        if match is not None:
            break
    else:
        match = _ANY.match(message)
    if match is None:
        return None
    said = match.groupdict()
    certificate = Certificate(said["identity"], said["serial"], said["ca"]) if "serial" in said else None
    return Accepted(said["how"], said["user"], said["address"], said["port"], said.get("key"), certificate)
