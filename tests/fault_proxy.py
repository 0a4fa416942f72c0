"""A proxy on loopback that does to HTTP what networks do: refuses, hangs, resets, cuts off, answers with errors.

Faults are chosen per request: first those that ``will`` was told, then those that ``always`` happen to an action of
AWS, then those that ``otherwise`` draws (a seeded
``random.Random`` makes that repeatable), which passes everything at first.

    with FaultProxy(emulator.port) as proxy:
        proxy.will(Fault.RESET_AFTER, throttling())
        notifier = SnsNotifier(..., endpoint_url=proxy.url)
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Self
from urllib.parse import parse_qs

_UPSTREAM_SECONDS = 30
_TLS = b"\x16"
"""The first byte of a TLS handshake."""


class Fault(Enum):
    """What happens to a request."""

    PASS = auto()
    HANG = auto()
    """It is read and never answered, until the client gives up or the proxy closes."""
    RESET_BEFORE = auto()
    """The connection is reset; the far side never saw the request."""
    RESET_AFTER = auto()
    """The far side has accepted the request; the client sees a reset instead of the answer."""
    CUT = auto()
    """The far side has accepted; the client gets half of the answer."""
    TRICKLE = auto()
    """The far side has accepted; the client gets an answer without an end, a byte at a time."""


@dataclass(frozen=True)
class Answer:
    """An answer that the proxy gives itself; the far side never saw the request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})


Happening = Fault | Answer


@dataclass(frozen=True)
class Request:
    """A request that came to the proxy, and what happened to it."""

    happening: Happening
    path: str
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of an AWS query request: ``Action``, ``Message``, ..."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


def error(status: int, code: str, words: str = "as asked") -> Answer:
    """An error as SNS writes it."""
    kind = "Receiver" if status >= 500 else "Sender"
    text = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
        f"<Error><Type>{kind}</Type><Code>{code}</Code><Message>{words}</Message></Error>"
        "<RequestId>0</RequestId></ErrorResponse>"
    )
    return Answer(status, text.encode())


def throttling() -> Answer:
    """AWS is asked too much."""
    return error(400, "Throttling", "Rate exceeded")


def unavailable() -> Answer:
    """What a load balancer says before SNS: no XML."""
    page = b"<html><body><b>Http/1.1 Service Unavailable</b></body></html>"
    return Answer(503, page, {"Content-Type": "text/html"})


class FaultProxy:
    """Stands before a port of 127.0.0.1. Use it as a context; it closes what it opened."""

    def __init__(self, upstream: int) -> None:
        """``upstream``: the port behind."""
        self._upstream = upstream
        self._lock = threading.Lock()
        self._script: deque[Happening] = deque()
        self._actions: dict[str, Happening] = {}
        self._draw: Callable[[], Happening] = lambda: Fault.PASS
        self._seen: list[Request] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._ended = threading.Event()
        self.port = 0

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._stop_listening()
        self.hang_up()
        for thread in self._threads:
            thread.join(_UPSTREAM_SECONDS)

    @property
    def url(self) -> str:
        """Its address, for ``endpoint_url``: the same for its whole life."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def seen(self) -> list[Request]:
        """The requests so far, in the order in which they were read."""
        with self._lock:
            return list(self._seen)

    def lead_to(self, upstream: int) -> None:
        """Let another port stand behind."""
        self._upstream = upstream

    def will(self, *happenings: Happening) -> None:
        """Let these happen to the next requests, in this order."""
        with self._lock:
            self._script.extend(happenings)

    def always(self, action: str, happening: Happening) -> None:
        """Let this happen to every request of an action of AWS, as ``GetTopicAttributes``, for which nothing was told."""
        with self._lock:
            self._actions[action] = happening

    def otherwise(self, draw: Callable[[], Happening]) -> None:
        """Ask ``draw`` what happens to a request for which nothing was told."""
        with self._lock:
            self._draw = draw

    def hang_up(self) -> None:
        """Close every connection that is open now, hanging ones too."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _shut(connection)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse every connection meanwhile: nobody listens."""
        self._stop_listening()
        self.hang_up()
        try:
            yield
        finally:
            self._listen()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._acceptor = self._start(self._accept, listener)

    def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            _shut(listener)  # wakes the thread that accepts
            listener.close()
        if self._acceptor is not None:
            self._acceptor.join(_UPSTREAM_SECONDS)  # what it accepted last is then known, and can be closed

    def _start(self, work: Callable[[socket.socket], None], subject: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=work, args=(subject,), daemon=True)
        with self._lock:
            self._threads = [running for running in self._threads if running.is_alive()]
            self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                if connection.recv(1, socket.MSG_PEEK) == _TLS:
                    connection.sendall(_written(Answer(400)))  # as web servers say to TLS on a plain port
                    return
                with connection.makefile("rb") as stream:
                    while self._serve_one(connection, stream.readline, stream.read):
                        pass
            except (OSError, http.client.HTTPException):
                _reset(connection)
            finally:
                with self._lock:
                    self._open.discard(connection)

    def _serve_one(
        self,
        connection: socket.socket,
        readline: Callable[[], bytes],
        read: Callable[[int], bytes],
    ) -> bool:
        """Serve a request. False: the connection is over."""
        first = readline().decode("latin-1").split()
        if len(first) != 3:
            return False
        headers = dict(_headers(readline))
        body = read(int(headers.get("content-length", "0")))
        with self._lock:
            happening = (
                self._script.popleft()
                if self._script
                else self._actions.get(_action(headers, body)) or self._draw()
            )
            self._seen.append(Request(happening, first[1], headers, body))
        match happening:
            case Answer():
                connection.sendall(_written(happening))
                return True
            case Fault.PASS:
                connection.sendall(_written(self._ask(first, headers, body)))
                return True
            case Fault.HANG:
                readline()  # nothing more comes, until one side closes
            case Fault.RESET_BEFORE:
                _reset(connection)
            case Fault.RESET_AFTER:
                self._ask(first, headers, body)
                _reset(connection)
            case Fault.CUT:
                whole = _written(self._ask(first, headers, body))
                connection.sendall(whole[: len(whole) // 2])
            case Fault.TRICKLE:
                self._ask(first, headers, body)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Endless: ")
                while not self._ended.wait(0.02):
                    connection.sendall(b"x")
        return False

    def _ask(self, first: list[str], headers: Mapping[str, str], body: bytes) -> Answer:
        upstream = http.client.HTTPConnection("127.0.0.1", self._upstream, timeout=_UPSTREAM_SECONDS)
        passed = {name: value for name, value in headers.items() if name not in {"connection", "host"}}
        try:
            upstream.request(first[0], first[1], body, passed)
            response = upstream.getresponse()
            kind = response.getheader("Content-Type", "text/xml")
            return Answer(response.status, response.read(), {"Content-Type": kind})
        finally:
            upstream.close()


def weather(seed: int, *, fair: float = 0.5, hangs: bool = False) -> Callable[[], Happening]:
    """Chance for ``otherwise``: a request passes with probability ``fair``, else some fault happens to it."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    foul: list[Happening] = [
        Fault.RESET_BEFORE,
        Fault.RESET_AFTER,
        Fault.CUT,
        throttling(),
        unavailable(),
        error(500, "InternalError"),
        *([Fault.HANG] if hangs else []),
    ]
    return lambda: Fault.PASS if dice.random() < fair else dice.choice(foul)


def _action(headers: Mapping[str, str], body: bytes) -> str:
    """Say what AWS is asked for, by a form or by a header; empty where it is not AWS that is asked."""
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    return target or parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]


def _headers(readline: Callable[[], bytes]) -> Iterator[tuple[str, str]]:
    while line := readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip().lower(), value.strip()


def _written(answer: Answer) -> bytes:
    phrase = http.client.responses.get(answer.status, "")
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body


def _reset(connection: socket.socket) -> None:
    """Close so that the far side sees a reset, not an end."""
    try:
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        )
    except OSError:  # it is closed already
        return


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the far side was first
        return
