"""One POST over TLS, bounded in time and size; nothing is followed, nothing is tried twice."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from logonbell.notifiers.target import Target
from logonbell.sentence import Sentence, say

CONNECT_SECONDS = 3.0
"""For each address of the host, and once more for TLS."""
ANSWER_SECONDS = 7.0
"""For the whole of the answer, however it trickles."""
MOST_READ = 4096
"""Bytes of an answer's body that are looked at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, headers by name in lower case, and the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RoadError(Exception):
    """No answer came."""

    def __init__(self, why: Sentence) -> None:
        super().__init__(str(why))
        self.why = why


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    *,
    ca_file: Path | None = None,
    connect_seconds: float = CONNECT_SECONDS,
    answer_seconds: float = ANSWER_SECONDS,
) -> Answer:
    """Post ``body``, and give what came back, whatever its status. Raises ``RoadError`` where nothing did.

    The certificate must be trusted by this machine, or by ``ca_file`` alone where that is given. A proxy is asked where
    the machine's settings name one (``HTTPS_PROXY``, on Windows also those of the system).
    """
    connection = _connection(target, ca_file, connect_seconds)
    late = threading.Event()
    try:
        _connect(connection, target)
        sock = connection.sock
        sock.settimeout(answer_seconds)
        # The socket's own patience is for each piece of the answer; a far side that trickles would never use it up.
        watch = threading.Timer(answer_seconds, _cut, (sock, late))
        watch.daemon = True
        watch.start()
        try:
            connection.request("POST", target.path, body, {**headers, "Connection": "close"})
            response = connection.getresponse()
            if late.is_set():  # its head was cut off, and http.client takes what came for the whole of it
                raise RoadError(_lost(target, TimeoutError()))
            said = b""
            # The status says whether it was taken.
            with suppress(OSError, http.client.HTTPException):
                said = response.read(MOST_READ)
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, said
            )
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise RoadError(_lost(target, TimeoutError() if late.is_set() else error)) from error
        finally:
            watch.cancel()
    finally:
        connection.close()


def _connection(target: Target, ca_file: Path | None, seconds: float) -> http.client.HTTPConnection:
    if not target.tls:
        return http.client.HTTPConnection(target.host, target.port, timeout=seconds)
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise RoadError(
            say(
                "{file} holds no certificates that can be read. Mend ca_file; the alert waits. ({why})",
                file=str(ca_file),
                why=_said(error),
            )
        ) from error
    proxy = None if urllib.request.proxy_bypass(target.host) else urllib.request.getproxies().get("https")
    if not proxy:
        return http.client.HTTPSConnection(target.host, target.port, timeout=seconds, context=context)
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host = None
    if not host or parts.scheme != "http":
        # Without the value: it may hold a password.
        raise RoadError(
            say(
                "The proxy for {where} cannot be used. Look at HTTPS_PROXY, which is written http://HOST:PORT; the alert "
                "waits.",
                where=target.shown,
            )
        )
    # TLS begins behind the tunnel, so the proxy itself is spoken to in the clear, as its http says.
    connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    connection.set_tunnel(target.host, target.port, _authorization(parts.username, parts.password))
    return connection


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _connect(connection: http.client.HTTPConnection, target: Target) -> None:
    where = target.shown
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        why = say(
            "{where} showed a certificate that this machine does not trust. Look at its clock and at ca_file; the alert "
            "waits. ({words})",
            where=where,
            words=error.verify_message,
        )
        raise RoadError(why) from error
    except ssl.SSLError as error:
        why = say(
            "No TLS with {where}. Look at the proxy on the way; the alert waits. ({words})",
            where=where,
            words=error.reason or str(error),
        )
        raise RoadError(why) from error
    except (socket.gaierror, UnicodeError) as error:
        words = _said(error)
        why = say(
            "{where} has no address. Look at this machine's DNS; the alert waits. ({words})",
            where=where,
            words=words,
        )
        if connection.host != target.host:
            why = say(
                "The proxy {proxy} has no address. Look at HTTPS_PROXY; the alert waits. ({words})",
                proxy=connection.host,
                words=words,
            )
        raise RoadError(why) from error
    except (OSError, http.client.HTTPException) as error:
        why = say(
            "{where} cannot be reached. Look at the network, its firewall and proxy; the alert waits. ({words})",
            where=where,
            words=_said(error),
        )
        raise RoadError(why) from error


def _lost(target: Target, error: Exception) -> Sentence:
    if isinstance(error, TimeoutError):
        return say(
            "{where} did not answer in time. It may have taken the alert; it is sent again.",
            where=target.shown,
        )
    if isinstance(error, OSError):
        return say(
            "{where} hung up. It may have taken the alert; it is sent again. ({words})",
            where=target.shown,
            words=_said(error),
        )
    return say(
        "{where} does not answer like a web server. Look at url and at the proxy on the way; it is tried again. ({words})",
        where=target.shown,
        words=type(error).__name__,
    )


def _said(error: Exception) -> str:
    """Give the system's words for what went wrong, without its numbers; of what has no words, the kind."""
    words = error.strerror if isinstance(error, OSError) else None
    return words or str(error) or type(error).__name__


def _cut(sock: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        # Past TLS, whose own farewell would wait for the far side.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
