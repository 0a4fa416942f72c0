"""The rig that tests others is itself tested."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fault_proxy import Answer, Fault, FaultProxy, throttling, weather


class Echo(BaseHTTPRequestHandler):
    """Gives back what it was posted."""

    heard: list[bytes]

    def do_POST(self) -> None:
        """Remember, and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def heard() -> list[bytes]:
    """What came through to the far side."""
    return []


@pytest.fixture
def proxy(heard: list[bytes]) -> Iterator[FaultProxy]:
    """A proxy before an echo."""
    server = HTTPServer(("127.0.0.1", 0), type("Echo", (Echo,), {"heard": heard}))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    with FaultProxy(server.server_port) as standing:
        yield standing
    server.shutdown()
    server.server_close()
    serving.join()


def post(proxy: FaultProxy, body: bytes, timeout: float = 5) -> tuple[int, bytes]:
    """Post once through the proxy."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
    try:
        connection.request("POST", "/", body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_passes(proxy: FaultProxy, heard: list[bytes]) -> None:
    """Without a word it passes everything, both ways."""
    assert post(proxy, b"one") == (200, b"one")
    assert heard == [b"one"]


def test_what_is_told_happens_in_order(proxy: FaultProxy, heard: list[bytes]) -> None:
    """Faults come in the order told, then the rest passes; what was answered here never reached the far side."""
    proxy.will(throttling(), Answer(503))
    assert [post(proxy, body)[0] for body in (b"a", b"b", b"c")] == [400, 503, 200]
    assert heard == [b"c"]


def test_what_always_happens_to_an_action(proxy: FaultProxy, heard: list[bytes]) -> None:
    """An action of AWS can have its own fault, and the others pass."""
    proxy.always("Publish", Answer(403))
    assert [post(proxy, body)[0] for body in (b"Action=Publish&Message=x", b"Action=Subscribe")] == [403, 200]
    assert heard == [b"Action=Subscribe"]


@pytest.mark.parametrize(
    ("fault", "accepted"), [(Fault.RESET_BEFORE, False), (Fault.RESET_AFTER, True), (Fault.CUT, True)]
)
def test_broken_connections(proxy: FaultProxy, heard: list[bytes], fault: Fault, accepted: bool) -> None:
    """The client sees a broken connection, and the far side has the request or not, as the fault says."""
    proxy.will(fault)
    with pytest.raises((ConnectionResetError, http.client.HTTPException)):
        post(proxy, b"x" * 1000)
    assert bool(heard) is accepted


def test_hanging(proxy: FaultProxy, heard: list[bytes]) -> None:
    """A request that hangs is never answered and never passed on."""
    proxy.will(Fault.HANG)
    with pytest.raises(TimeoutError):
        post(proxy, b"x", timeout=0.2)
    assert heard == []


def test_trickling(proxy: FaultProxy, heard: list[bytes]) -> None:
    """An answer that trickles has no end, though something comes all the time; closing the proxy ends it."""
    proxy.will(Fault.TRICKLE)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
        came = b""
        while len(came) < 60:
            came += connection.recv(10)
    assert came.startswith(b"HTTP/1.1 200 OK\r\nX-Endless: xxx")
    assert b"\n" not in came[17:]
    assert heard == [b"x"]


def test_refusing(proxy: FaultProxy, heard: list[bytes]) -> None:
    """While it refuses nobody listens; afterwards the same address answers."""
    with proxy.refusing(), pytest.raises(ConnectionRefusedError):
        post(proxy, b"x")
    assert post(proxy, b"y") == (200, b"y")
    assert heard == [b"y"]


def test_weather_repeats() -> None:
    """The same seed gives the same weather, with faults in it and without hangs unless asked."""
    first, second = weather(7), weather(7)
    drawn = [first() for _ in range(200)]
    assert drawn == [second() for _ in range(200)]
    assert Fault.PASS in drawn
    assert len(set(map(repr, drawn))) == 7
    assert Fault.HANG not in drawn
