"""The webhook: what it sends can be trusted, what it is answered decides what becomes of the alert."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme

from emulator import free_port
from fakes import FakeClock
from fault_proxy import Answer, Fault, FaultProxy, weather
from logonbell.errors import Refused
from logonbell.notification import Telling
from logonbell.notifier import Notifier, Undelivered
from logonbell.notifiers.https import ANSWER_SECONDS, CONNECT_SECONDS, MOST_READ, RoadError, post
from logonbell.notifiers.secret import Secret
from logonbell.notifiers.target import read_target
from logonbell.notifiers.webhook import LONGEST_PATIENCE, SHORTEST_KEY, Mailbox, Webhook, read_keys, signature
from notifications import notification

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "webhook.md").read_text("utf-8")
EXAMPLE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[-1]
OLD, NEW = "0" * 32, "fedcba9876543210fedcba9876543210"


def compose(told: Telling) -> bytes:
    """Say little: the real body has tests of its own."""
    return json.dumps({"fingerprint": told.fingerprint, "who": "アリス"}).encode()


class Documented:
    """The receiver of the documentation, and what it took."""

    def __init__(self, keys: str) -> None:
        """Run the page's code; ``keys`` are what it knows."""
        self.space: dict[str, Any] = {"__name__": "example"}
        code = EXAMPLE.replace('os.environ["LOGONBELL_KEYS"]', repr(keys))
        assert code != EXAMPLE
        exec(compile(code, "webhook.md", "exec"), self.space)  # noqa: S102 - it is what is tested
        self.verified: Callable[[str, bytes, float], bool] = self.space["verified"]
        self.taken: list[dict[str, str]] = []
        self.requests = 0

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Give its handler, which remembers what it takes and says nothing."""
        documented = self

        class Quiet(self.space["Receiver"]):  # type: ignore[misc,name-defined]
            known: ClassVar[set[str]] = set()

            def take(self, message: dict[str, str]) -> None:
                documented.taken.append(message)

            def log_message(self, *_: object) -> None:
                documented.requests += 1

        return Quiet


@pytest.fixture
def receiver() -> Documented:
    """A receiver that knows both keys."""
    return Documented(f"{OLD} {NEW}")


@pytest.fixture
def served(receiver: Documented) -> Iterator[int]:
    """The port it listens on."""
    with serving(receiver.handler()) as port:
        yield port


class serving:  # noqa: N801 - read as a verb
    """A web server in a thread of its own."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> None:
        """``context``: with TLS."""
        self._server = HTTPServer(("127.0.0.1", 0), handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> int:
        self._thread.start()
        return self._server.server_port

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def proxy(served: int) -> Iterator[FaultProxy]:
    """The road to it."""
    with FaultProxy(served) as standing:
        yield standing


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A file with the new key."""
    path = tmp_path / "keys"
    path.write_text(f"# since March\n{NEW}\n")
    path.chmod(0o600)
    return path


def utc() -> datetime:
    """The real time: the documented receiver looks at the clock."""
    return datetime.now(UTC)


def webhook(url: str, keys: Path | Secret, **more: Any) -> Webhook:
    """Make a webhook that has patience: the machine may be busy elsewhere."""
    secret = keys if isinstance(keys, Secret) else Secret(keys)
    mailbox = Mailbox(read_target(url), secret, more.pop("ca_file", None))
    given = {"now": utc, "monotonic": lambda: 0.0, "answer_seconds": 30.0, **more}
    return Webhook(mailbox, compose, **given)


def refused(answers: Sequence[str | Undelivered]) -> Undelivered:
    """The one answer, which is no receipt."""
    (answer,) = answers
    assert isinstance(answer, Undelivered), answer
    return answer


def told(count: int) -> list[Any]:
    """So many notifications."""
    return [notification(number) for number in range(1, count + 1)]


def test_is_a_notifier(keys: Path) -> None:
    """It fulfils the promise of the Protocol; a call that nobody answers is over in some ten seconds."""
    notifier: Notifier = webhook("http://127.0.0.1:9", keys)
    assert (notifier.name, notifier.batch) == ("webhook", 10)
    assert CONNECT_SECONDS + ANSWER_SECONDS <= 10
    assert notifier.deliver([]) == []


def test_the_documented_receiver_takes_it(proxy: FaultProxy, receiver: Documented, keys: Path) -> None:
    """What is posted passes the verification that the page tells receivers to write, whole, with its headers."""
    note = notification(1)
    assert webhook(f"{proxy.url}/hook?team=a", keys).deliver([note]) == ["HTTP 204"]
    (request,) = proxy.seen
    assert request.path == "/hook?team=a"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == note.fingerprint
    assert request.headers["user-agent"].startswith("logonbell/")
    assert request.headers["connection"] == "close"
    assert receiver.taken == [json.loads(compose(note))]


def test_a_repeat_is_known_by_its_fingerprint(proxy: FaultProxy, receiver: Documented, keys: Path) -> None:
    """An answer that was lost costs a repeat, which the receiver knows: it takes the alert once."""
    proxy.will(Fault.RESET_AFTER)
    notifier = webhook(proxy.url, keys)
    answer = refused(notifier.deliver([notification()]))
    assert not answer.permanent
    assert "hung up. It may have taken the alert" in str(answer.why)
    assert notifier.deliver([notification()]) == ["HTTP 204"]
    first, second = proxy.seen
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert (receiver.requests, len(receiver.taken)) == (2, 1)


def test_the_page_tells_the_truth() -> None:
    """The value that the page gives to try one's own code with is what is sent, and its example takes it."""
    (vector,) = re.findall(r"^t=1772625600,v1=[0-9a-f]{64}$", PAGE, re.MULTILINE)
    key, body = "0123456789abcdef" * 2, b'{"fingerprint":"00"}'
    assert signature(body, [key], datetime.fromtimestamp(1772625600.9, UTC)) == vector
    assert Documented(key).verified(vector, body, 1772625700)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda header, body, now: (header, body + b" ", now), "the body was changed"),
        (lambda header, body, now: (header, body, now + 301), "too old"),
        (lambda header, body, now: (header, body, now - 301), "of the future"),
        (lambda header, body, now: (re.sub("t=[0-9]+", f"t={int(now) + 1}", header), body, now), "another time"),
        (lambda header, body, now: (header.replace("v1=", "v0="), body, now), "another scheme"),
        (lambda header, body, now: (header.partition(",")[0], body, now), "no signature"),
        (lambda header, body, now: (header.partition(",")[2], body, now), "no time"),
        (lambda header, body, now: (f"t={int(now)},{header}", body, now), "two times"),
        (lambda _, body, now: ("t=" + "9" * 5000 + ",v1=0", body, now), "an endless time"),
        (lambda _, body, now: ("t=²,v1=é", body, now), "no ASCII"),
        (lambda _, body, now: ("", body, now), "nothing"),
    ],
)  # fmt: skip
def test_what_was_not_sent_so_is_not_verified(
    receiver: Documented, spoil: Callable[[str, bytes, float], tuple[str, bytes, float]], why: str
) -> None:
    """Changed, replayed, postdated or malformed: the documented verification refuses it."""
    now = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    body = b'{"fingerprint":"00"}'
    header = signature(body, [NEW], now)
    assert receiver.verified(header, body, now.timestamp())
    assert not receiver.verified(*spoil(header, body, now.timestamp())), why


def test_another_key_is_not_verified(receiver: Documented) -> None:
    """Who does not have the key cannot ring."""
    now = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    assert not receiver.verified(signature(b"{}", ["x" * 32], now), b"{}", now.timestamp())


def test_keys_change_without_a_gap(
    proxy: FaultProxy, receiver: Documented, keys: Path, tmp_path: Path
) -> None:
    """While both keys stand in the file both sign; a receiver that knows either takes it, and nothing is restarted."""
    notifier = webhook(proxy.url, keys)
    keys.write_text(f"{OLD}\n")
    notifier.deliver([notification(1)])
    keys.write_text(f"{OLD}\n{NEW}\n")
    notifier.deliver([notification(2)])
    first, second = (request.headers["logonbell-signature"] for request in proxy.seen)
    assert (first.count("v1="), second.count("v1=")) == (1, 2)
    body = compose(notification(2))
    for known in (OLD, NEW):
        assert Documented(known).verified(second, body, utc().timestamp())
    assert len(receiver.taken) == 2
    assert tmp_path in keys.parents


def test_the_wrong_key_waits(proxy: FaultProxy, receiver: Documented, keys: Path) -> None:
    """A receiver that does not know the key refuses, and the alert waits for somebody to mend it."""
    keys.write_text("k" * 32)
    answer = refused(webhook(proxy.url, keys).deliver([notification()]))
    assert not answer.permanent
    assert "does not accept the signature. Look whether both sides have the same key" in str(answer.why)
    assert receiver.taken == []


def test_a_key_from_the_environment(proxy: FaultProxy, receiver: Documented) -> None:
    """A key may come from an environment variable, several with spaces between."""
    secret = Secret(variable="KEYS", environment={"KEYS": f"{OLD} {NEW}"})
    assert webhook(proxy.url, secret).deliver([notification()]) == ["HTTP 204"]
    assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no secret"),
        ("tiny", "key number 1 is shorter than 32 characters"),
        (f"{NEW}\n{'鐘' * 32}", "key number 2 is shorter than 32 characters, or not plain"),
    ],
)
def test_a_key_that_is_none_waits(keys: Path, text: str, words: str) -> None:
    """Without a usable key nothing is sent; the alerts wait, and the reason does not hold the key."""
    keys.write_text(text, "utf-8")
    answer, other = webhook("http://127.0.0.1:9/secret-path", keys).deliver(told(2))
    assert isinstance(answer, Undelivered)
    assert answer == other
    assert not answer.permanent
    assert str(answer.why).startswith("The key for http://127.0.0.1:9 cannot be used; the alert waits. ")
    assert words in str(answer.why)
    assert not any(line and line in str(answer.why) for line in text.split("\n"))


@pytest.mark.parametrize("key", ["k" * (SHORTEST_KEY - 1), "鐘" * SHORTEST_KEY])
def test_how_to_make_a_key_is_told(keys: Path, key: str) -> None:
    """Who set a key that is none is told how to make one."""
    keys.write_text(f"{NEW}\n{key}", "utf-8")
    with pytest.raises(Refused) as caught:
        read_keys(Secret(keys))
    assert str(caught.value.sentence) == (
        "Its key number 2 is shorter than 32 characters, or not plain letters and digits. "
        "Make one: openssl rand -hex 32"
    )


ANSWERS = [
    (400, True, "does not take this message (400)"),
    (413, True, "finds this message too large"),
    (422, True, "does not take this message (422)"),
    (401, False, "does not accept the signature"),
    (403, False, "forbids it. Look at url"),
    (404, False, "has nothing at this address. Mend url"),
    (410, False, "has nothing at this address any more"),
    (405, False, "answered 405. Look at url and at the receiver"),
    (418, False, "answered 418. Look at url and at the receiver"),
    (408, False, "has trouble (408). It is tried again"),
    (425, False, "has trouble (425). It is tried again"),
    (429, False, "is asked too much at once"),
    (500, False, "has trouble (500). It is tried again"),
    (503, False, "has trouble (503). It is tried again"),
    (599, False, "has trouble (599). It is tried again"),
    (300, False, "wants the alert elsewhere (300), which is not followed"),
    (301, False, "wants the alert elsewhere (301), which is not followed"),
    (307, False, "wants the alert elsewhere (307), which is not followed"),
]


@pytest.mark.parametrize(("status", "permanent", "words"), ANSWERS)
def test_every_answer_says_what_to_do(
    proxy: FaultProxy, keys: Path, status: int, permanent: bool, words: str
) -> None:
    """Each status is one request and one sentence; only a fault of the message itself gives the alert up."""
    proxy.will(Answer(status, b"sorry\nsecond line", {"Location": f"{proxy.url}/other"}))
    notifier = webhook(f"{proxy.url}/secret-path", keys)
    answer = refused(notifier.deliver([notification()]))
    assert answer.permanent is permanent
    assert words in str(answer.why)
    assert "(sorry)" in str(answer.why)
    assert "secret" not in str(answer.why)
    assert len(proxy.seen) == 1
    assert notifier.deliver([notification()]) == ["HTTP 204"]


@pytest.mark.parametrize(
    ("body", "receipt"),
    [
        (b" ticket 17\r\nrest\nmore", "HTTP 200: ticket 17"),
        (b"<html>ok</html>", "HTTP 200"),
        (b"", "HTTP 200"),
        (b"\xff" * 9000, "HTTP 200: " + "\ufffd" * 200),
    ],
)
def test_what_the_receiver_says_is_the_receipt(
    proxy: FaultProxy, keys: Path, body: bytes, receipt: str
) -> None:
    """The first line of a 2xx is kept as far as a person may want it, and no more, however much comes."""
    proxy.will(Answer(200, body))
    assert webhook(proxy.url, keys).deliver([notification()]) == [receipt]


def test_a_message_at_fault_holds_up_no_other(proxy: FaultProxy, receiver: Documented, keys: Path) -> None:
    """What is refused for itself, by name or by a crash of the receiver, lets those behind it through."""
    proxy.will(Answer(422), Answer(500))
    answers = webhook(proxy.url, keys).deliver(told(4))
    assert [isinstance(answer, str) for answer in answers] == [False, False, True, True]
    assert len(receiver.taken) == 2


@pytest.mark.parametrize("happening", [Answer(500), Answer(401)])
def test_a_receiver_in_trouble_is_left_alone(proxy: FaultProxy, keys: Path, happening: Answer) -> None:
    """Two answers of trouble in a row are the receiver's: the rest waits without being tried."""
    proxy.otherwise(lambda: happening)
    answers = webhook(proxy.url, keys).deliver(told(10))
    assert len(answers) == 10
    assert not any(isinstance(answer, str) or answer.permanent for answer in answers)
    assert len(proxy.seen) == 2


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("120", 120.0),
        ("120 ", 120.0),
        ("Wed, 04 Mar 2026 12:02:00 -0000", 120.0),
        (format_datetime(datetime(2026, 3, 4, 12, 2, tzinfo=UTC), usegmt=True), 120.0),
        ("86400", LONGEST_PATIENCE),
        ("99999999999999999999", 0.0),
        ("-5", 0.0),
        (format_datetime(datetime(2026, 3, 4, 11, 0, tzinfo=UTC), usegmt=True), 0.0),
        ("soon", 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept_to(
    *, proxy: FaultProxy, keys: Path, status: int, after: str, seconds: float
) -> None:
    """A receiver that asks for patience, in seconds or until a time, gets it, a quarter of an hour at most."""
    proxy.will(Answer(status, b"", {"Retry-After": after}))
    passed = [1000.0]
    clock = FakeClock(datetime(2026, 3, 4, 12, 0, tzinfo=UTC))
    notifier = webhook(proxy.url, keys, now=clock, monotonic=lambda: passed[0])
    refused(notifier.deliver([notification()]))
    passed[0] += seconds - 1
    if seconds:
        clock.pass_(-86400)  # a clock that is set back does not make the patience longer
        assert "asked to be left alone" in str(refused(notifier.deliver([notification()])).why)
    assert len(proxy.seen) == 1
    passed[0] += 1
    notifier.deliver([notification()])
    assert len(proxy.seen) == 2


@pytest.mark.parametrize(("status", "told"), [(418, "I'm a Teapot"), (429, "Too Many Requests"), (599, "-")])
def test_a_receiver_that_says_nothing(proxy: FaultProxy, keys: Path, status: int, told: str) -> None:
    """Where the receiver gives no words, or a page for browsers, the status has those that HTTP gives it."""
    proxy.will(Answer(status), Answer(status, b"<html>sorry</html>"))
    notifier = webhook(proxy.url, keys)
    for _ in range(2):
        assert str(refused(notifier.deliver([notification()])).why).endswith(f" ({told})")


def test_patience_is_for_all_that_wait(proxy: FaultProxy, keys: Path) -> None:
    """A receiver that asks for patience has it at once: what is behind in the same delivery waits, and what comes after."""
    proxy.will(Fault.PASS, Answer(429, b"", {"Retry-After": "60"}))
    passed = [1000.0]
    notifier = webhook(proxy.url, keys, monotonic=lambda: passed[0])
    first, *rest = notifier.deliver(told(4))
    assert first == "HTTP 204"
    assert [str(answer.why) for answer in rest if isinstance(answer, Undelivered)] == [
        f"{proxy.url} is asked too much at once. It is tried again, more slowly. (Too Many Requests)"
    ] * 3
    passed[0] += 59.9
    answers = notifier.deliver(told(3))
    assert [(str(answer.why), answer.permanent) for answer in answers if isinstance(answer, Undelivered)] == [
        (f"{proxy.url} asked to be left alone for a while. It is tried again.", False)
    ] * 3
    assert len(proxy.seen) == 2


def test_trouble_between_two_that_are_taken_is_of_the_message(proxy: FaultProxy, keys: Path) -> None:
    """Trouble that does not come twice in a row keeps none behind it from being tried."""
    proxy.will(Answer(500), Fault.PASS, Answer(500), Fault.PASS)
    answers = webhook(proxy.url, keys).deliver(told(4))
    assert [isinstance(answer, str) for answer in answers] == [False, True, False, True]


def test_a_hanging_receiver_is_given_up(proxy: FaultProxy, keys: Path) -> None:
    """A receiver that never answers is given up after as long as was set, once for all that wait."""
    proxy.otherwise(lambda: Fault.HANG)
    much_later = threading.Timer(4, proxy.hang_up)
    much_later.start()
    answers = webhook(proxy.url, keys, answer_seconds=0.1).deliver(told(5))
    much_later.cancel()
    assert {str(answer.why) for answer in answers if isinstance(answer, Undelivered)} == {
        f"{proxy.url} did not answer in time. It may have taken the alert; it is sent again."
    }
    assert len(proxy.seen) == 1


def test_a_trickling_receiver_is_given_up(proxy: FaultProxy, keys: Path) -> None:
    """A receiver whose answer never ends, a byte at a time, is given up just so: it cannot hold the agent's end up."""
    proxy.will(Fault.TRICKLE)
    answer = refused(webhook(proxy.url, keys, answer_seconds=0.4).deliver([notification()]))
    assert "did not answer in time" in str(answer.why)


def test_half_an_answer_is_an_answer(proxy: FaultProxy, receiver: Documented, keys: Path) -> None:
    """A connection cut within the answer's head waits, for nobody knows; one cut behind it has been answered."""
    proxy.will(Fault.CUT)
    answer = webhook(proxy.url, keys).deliver([notification()])[0]
    assert isinstance(answer, str) or not answer.permanent
    assert len(receiver.taken) == 1


class saying:  # noqa: N801 - read as a verb
    """A far side that hears one request out, says these bytes, and hangs up, or resets the connection."""

    def __init__(self, *, said: bytes, reset: bool) -> None:
        self._said = said
        self._reset = reset
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._speak)

    def _speak(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while not connection.recv(65536).endswith(b"}"):
                pass
            connection.sendall(self._said)
            if self._reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listener.close()


HUNG_UP = "{url} hung up. It may have taken the alert; it is sent again."
NO_SERVER = (
    "{url} does not answer like a web server. Look at url and at the proxy on the way; it is tried again."
)


@pytest.mark.parametrize(
    ("said", "reset", "told"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine", False, "HTTP 200: fine"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", True, "HTTP 200"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n", False, "HTTP 200"),
        (b"HTTP/1.1 299 Fine\r\n\r\n", False, "HTTP 299"),
        (b"", True, f"{HUNG_UP} (Connection reset by peer)"),
        (b"", False, f"{HUNG_UP} (Remote end closed connection without response)"),
        (b"220 mail.example ESMTP\r\n", False, f"{NO_SERVER} (BadStatusLine)"),
    ],
    ids=["cut", "reset", "garbled", "any 2xx", "reset before", "hung up before", "mail"],
)
def test_the_status_says_whether_it_was_taken(keys: Path, *, said: bytes, reset: bool, told: str) -> None:
    """What comes behind a status may be cut, reset or garbled: it was taken. Without one nobody knows: it is sent again."""
    with saying(said=said, reset=reset) as url:
        (answer,) = webhook(url, keys).deliver([notification()])
    assert (answer if isinstance(answer, str) else str(answer.why)) == told.format(url=url)
    assert isinstance(answer, str) or not answer.permanent


def test_only_the_beginning_of_an_answer_is_read(proxy: FaultProxy) -> None:
    """However much a receiver says, the agent's memory holds the first bytes of it."""
    proxy.will(Answer(200, b"x" * (2 * MOST_READ)))
    assert post(read_target(proxy.url), b"{}", {}).body == b"x" * MOST_READ


def test_nobody_listens(keys: Path) -> None:
    """A closed port is told as that, and the alert waits."""
    answer = refused(webhook(url := f"http://127.0.0.1:{free_port()}", keys).deliver([notification()]))
    assert not answer.permanent
    assert str(answer.why) == (
        f"{url} cannot be reached. Look at the network, its firewall and proxy; the alert waits. (Connection refused)"
    )


@pytest.mark.parametrize(("host", "words"), [("alerts.invalid", ""), ("a" * 64 + ".example", "label")])
def test_no_such_name(keys: Path, host: str, words: str) -> None:
    """A name that no resolver knows, or can know, is told as that; the secret path is not."""
    answer = refused(webhook(f"https://{host}/secret", keys).deliver([notification()]))
    assert not answer.permanent
    assert str(answer.why).startswith(
        f"https://{host} has no address. Look at this machine's DNS; the alert waits. ("
    )
    assert words in str(answer.why)
    assert not any(word in str(answer.why) for word in ("secret", "None", "Errno"))


def test_what_is_no_web_server(proxy: FaultProxy, keys: Path) -> None:
    """TLS where there is none is told as that."""
    url = proxy.url.replace("http:", "https:")
    why = str(refused(webhook(url, keys).deliver([notification()])).why)
    assert why.startswith(f"No TLS with {url}. Look at the proxy on the way; the alert waits. (")
    assert re.search(r" \([A-Z_]+\)$", why)


@pytest.fixture
def authority() -> trustme.CA:
    """Who vouches for certificates."""
    return trustme.CA()


def tls_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """TLS for a server of that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_tls_is_verified(receiver: Documented, keys: Path, authority: trustme.CA, tmp_path: Path) -> None:
    """Only a certificate that somebody trusted vouches for, and of the right name, gets the alert."""
    ours = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ours))
    with serving(receiver.handler(), tls_of(authority, "127.0.0.1")) as port:
        url = f"https://127.0.0.1:{port}/"
        assert webhook(url, keys, ca_file=ours).deliver([notification()]) == ["HTTP 204"]
        stranger = refused(webhook(url, keys).deliver([notification(2)]))
        assert not stranger.permanent
        assert str(stranger.why).startswith(
            f"https://127.0.0.1:{port} showed a certificate that this machine does not trust. Look at its clock and at "
            "ca_file; the alert waits. ("
        )
        assert "None" not in str(stranger.why)
    with serving(receiver.handler(), tls_of(authority, "elsewhere.example")) as port:
        url = f"https://127.0.0.1:{port}/"
        misnamed = refused(webhook(url, keys, ca_file=ours).deliver([notification(3)]))
        assert "showed a certificate that this machine does not trust" in str(misnamed.why)
    assert len(receiver.taken) == 1


@pytest.mark.parametrize(("name", "why"), [("none.pem", "No such file or directory"), ("keys", "[X509")])
def test_a_file_without_certificates_is_told(keys: Path, tmp_path: Path, name: str, why: str) -> None:
    """A ca_file that is not there, or holds none, is named."""
    answer = refused(webhook("https://127.0.0.1:9", keys, ca_file=tmp_path / name).deliver([notification()]))
    assert not answer.permanent
    assert str(answer.why).startswith(
        f"{tmp_path / name} holds no certificates that can be read. Mend ca_file; the alert waits. ({why}"
    )


class Tunnel(BaseHTTPRequestHandler):
    """A proxy that opens no tunnel, and remembers who asked for which."""

    asked: list[tuple[str, str | None]]

    def do_CONNECT(self) -> None:
        """Refuse."""
        self.asked.append((self.path, self.headers.get("Proxy-Authorization")))
        self.send_error(403)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("written", "authorization"),
    [
        ("http://me:pa%40ss@{host}", "Basic bWU6cGFAc3M="),
        ("http://m%40e@{host}", "Basic bUBlOg=="),
        ("http://{host}", None),
        ("{host}", None),
    ],
)
def test_the_proxy_of_the_machine_is_asked(
    keys: Path, monkeypatch: pytest.MonkeyPatch, written: str, authorization: str | None
) -> None:
    """Where the machine's settings name a proxy the alert goes through it; what it refuses is told, its password not."""
    asked: list[tuple[str, str | None]] = []
    with serving(type("Tunnel", (Tunnel,), {"asked": asked})) as port:
        monkeypatch.setenv("HTTPS_PROXY", written.format(host=f"127.0.0.1:{port}"))
        answer = refused(webhook("https://alerts.example/secret", keys).deliver([notification()]))
    assert asked == [("alerts.example:443", authorization)]
    assert not answer.permanent
    assert str(answer.why) == (
        "https://alerts.example cannot be reached. Look at the network, its firewall and proxy; the alert waits. "
        "(Tunnel connection failed: 403 Forbidden)"
    )
    assert "pa@ss" not in str(answer.why)


def test_a_proxy_that_names_no_port(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy written without a port is asked at 80, as http has it."""
    asked: list[tuple[str, int]] = []

    def nobody(address: tuple[str, int], *_: object) -> None:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", nobody)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    answer = refused(webhook("https://alerts.example", keys).deliver([notification()]))
    assert asked == [("proxy.example", 80)]
    assert str(answer.why).endswith("the alert waits. (ConnectionRefusedError)")


class OpenTunnel(Tunnel):
    """A proxy that opens a tunnel, which leads to a port of this machine."""

    leads_to: int

    def do_CONNECT(self) -> None:
        """Carry the bytes of both ways until the receiver hangs up."""
        self.asked.append((self.path, None))
        with socket.create_connection(("127.0.0.1", self.leads_to)) as there:
            self.send_response(200)
            self.end_headers()
            there_to_here = threading.Thread(target=carry, args=(there, self.connection))
            there_to_here.start()
            carry(self.connection, there)
            there_to_here.join()
        self.close_connection = True


def carry(one: socket.socket, other: socket.socket) -> None:
    """Hand over what one says to the other, to its end."""
    with suppress(OSError):
        while said := one.recv(65536):
            other.sendall(said)
        other.shutdown(socket.SHUT_WR)


def test_tls_is_verified_behind_a_proxy(
    *,
    receiver: Documented,
    keys: Path,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind a proxy, too, only a certificate that ca_file vouches for gets the alert: the proxy hears nothing of it."""
    ours = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ours))
    asked: list[tuple[str, str | None]] = []
    with (
        serving(receiver.handler(), tls_of(authority, "alerts.example")) as port,
        serving(type("Tunnel", (OpenTunnel,), {"asked": asked, "leads_to": port})) as proxied,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxied}")
        url = "https://alerts.example:8443"
        assert webhook(url, keys, ca_file=ours).deliver([notification()]) == ["HTTP 204"]
        why = str(refused(webhook(url, keys).deliver([notification(2)])).why)
        assert why.startswith(f"{url} showed a certificate that this machine does not trust.")
    assert asked == [("alerts.example:8443", None)] * 2
    assert len(receiver.taken) == 1


def test_who_takes_the_call_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that never begins with TLS, and a proxy that never opens its tunnel, are given up, and told as that."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        there = f"https://127.0.0.1:{port}"
        for url in (there, "https://alerts.example"):
            with pytest.raises(RoadError, match=f"^{url} cannot be reached. Look at the network") as caught:
                post(read_target(url), b"{}", {}, connect_seconds=0.05)
            assert "timed out" in str(caught.value.why)
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://me:pa@127.0.0.1:1",
        "https://127.0.0.1:1",
        "http://h:port",
        "http://",
        "//[",
        "http://me:pa@[::1",
    ],
)
def test_a_proxy_that_cannot_be_used_is_told(keys: Path, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """A proxy of another kind, or a slip in its address, is one sentence without its password; the alert waits."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    answer = refused(webhook("https://alerts.example/secret", keys).deliver([notification()]))
    assert not answer.permanent
    assert str(answer.why) == (
        "The proxy for https://alerts.example cannot be used. Look at HTTPS_PROXY, which is written http://HOST:PORT; "
        "the alert waits."
    )


def test_a_proxy_without_an_address_is_named(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is the proxy's name that no resolver knows, the proxy is named, not the receiver."""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pa@proxy.invalid:3128")
    why = str(refused(webhook("https://alerts.example/secret", keys).deliver([notification()])).why)
    assert why.startswith("The proxy proxy.invalid has no address. Look at HTTPS_PROXY; the alert waits. (")
    assert "None" not in why


def test_nothing_is_lost_in_foul_weather(proxy: FaultProxy, receiver: Documented, keys: Path) -> None:
    """However the road behaves, what is tried until a receipt comes was taken, each once, under its fingerprint."""
    proxy.otherwise(weather(seed=3, fair=0.5))
    notifier = webhook(proxy.url, keys)
    # On this road a 400 is throttling, which a receiver of webhooks would not say so; it buries.
    waiting = dict(enumerate(told(20)))
    buried = 0
    for _ in range(300):
        now = list(waiting)[:10]
        for number, answer in zip(now, notifier.deliver([waiting[one] for one in now]), strict=True):
            if isinstance(answer, str) or answer.permanent:
                buried += isinstance(answer, Undelivered)
                del waiting[number]
        if not waiting:
            break
    assert not waiting
    assert len({message["fingerprint"] for message in receiver.taken}) == len(receiver.taken)
    assert len(receiver.taken) >= 20 - buried
    assert receiver.requests > len(receiver.taken), "the weather was fair: nothing repeated"


def test_a_clock_that_steps_back_repeats_the_same(
    proxy: FaultProxy, receiver: Documented, keys: Path
) -> None:
    """Between two tries the clock may be set back an hour: the repeat has another time, the same fingerprint and body."""
    clock = FakeClock(utc())
    proxy.will(Fault.RESET_AFTER)
    notifier = webhook(proxy.url, keys, now=clock)
    refused(notifier.deliver([notification()]))
    clock.now -= timedelta(minutes=4)
    assert notifier.deliver([notification()]) == ["HTTP 204"]
    first, second = proxy.seen
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["logonbell-signature"] != second.headers["logonbell-signature"]
    assert first.body == second.body
    assert len(receiver.taken) == 1
