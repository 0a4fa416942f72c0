"""apprise: what it is handed, what becomes of its answers, and that no secret of its addresses gets out."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from emulator import free_port
from fault_proxy import Answer, Fault, FaultProxy
from logonbell.logon import User
from logonbell.notification import Notification, Telling
from logonbell.notifier import Notifier, Undelivered
from logonbell.notifiers.apprise import Apprise, hide
from logonbell.notifiers.secret import Secret
from notifications import notification

# What apprise is built on imports modules that Python 3.13 has no more.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PASSWORD = "pa55w0rd-of-all"


@dataclass(frozen=True)
class Text:
    """Subject and body."""

    subject: str
    body: str


def compose(told: Telling) -> Text:
    """Say little: the real texts have tests of their own."""
    assert isinstance(told, Notification)
    return Text(f"Logon {told.sequence}", f"Logon {told.sequence}: アリス\nby RDP\n")


class Takes(BaseHTTPRequestHandler):
    """Takes JSON and remembers it."""

    heard: list[dict[str, Any]]

    def do_POST(self) -> None:
        """Remember."""
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def heard() -> list[dict[str, Any]]:
    """What a service was told."""
    return []


@pytest.fixture
def proxy(heard: list[dict[str, Any]]) -> Iterator[FaultProxy]:
    """A service of apprise's that speaks JSON, and the road to it."""
    server = HTTPServer(("127.0.0.1", 0), type("Takes", (Takes,), {"heard": heard}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    with FaultProxy(server.server_port) as standing:
        yield standing
    server.shutdown()
    server.server_close()
    thread.join()


def address(port: int) -> str:
    """An address with secrets in it."""
    return f"json://robot:{PASSWORD}@127.0.0.1:{port}/T0PSECRET/path"


def bell(where: str | Secret, compose: Callable[[Telling], Text] = compose, **more: Any) -> Apprise:
    """Make a notifier."""
    return Apprise(where, compose, **more)


def refused(notifier: Apprise) -> str:
    """Why it did not take one; never for good, and never with a secret in it."""
    (answer,) = notifier.deliver([notification()])
    assert isinstance(answer, Undelivered), answer
    assert not answer.permanent
    assert PASSWORD not in str(answer.why)
    assert "T0PSECRET" not in str(answer.why)
    return str(answer.why)


def test_importing_is_cheap() -> None:
    """An agent with nothing to send has no apprise in its memory, even with a notifier made."""
    code = (
        "import sys; from logonbell.notifiers.apprise import Apprise; Apprise('json://h', lambda _: None); "
        "sys.exit(bool({'apprise', 'requests'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_is_a_notifier() -> None:
    """It fulfils the promise of the Protocol, and is handed one at a time."""
    notifier: Notifier = bell("json://127.0.0.1:9")
    assert (notifier.name, notifier.batch) == ("apprise", 1)
    assert notifier.deliver([]) == []


def test_title_and_body_arrive(proxy: FaultProxy, heard: list[dict[str, Any]]) -> None:
    """A service is told subject and body, and how grave it is; the receipt names the service."""
    assert bell(address(proxy.port)).deliver([notification(7)]) == ["JSON"]
    (message,) = heard
    assert message["title"] == "Logon 7"
    assert message["message"].rstrip("\n") == "Logon 7: アリス\nby RDP"
    assert message["type"] == "failure"


def test_a_hostile_name_is_no_markup(proxy: FaultProxy, heard: list[dict[str, Any]]) -> None:
    """A user who calls himself a link under another name, or everyone, is shown as text."""
    hostile = User("<https://evil.example|bank>", "@everyone")

    def show(_: Telling) -> Text:
        return Text(f"{hostile}", f"{hostile}\n")

    assert bell(address(proxy.port), show).deliver([notification(1)]) == ["JSON"]
    (message,) = heard
    shown = r"\u{40}everyone\\u{3c}https://evil.example|bank\u{3e}"
    assert (message["title"], message["message"].strip()) == (shown, shown)


@pytest.mark.parametrize(
    ("happening", "words"),
    [
        (Answer(403, f"{PASSWORD} is wrong".encode()), "error=403"),
        (Answer(500), "error=500"),
        (Fault.RESET_BEFORE, "onnection error"),
        (Fault.RESET_AFTER, "onnection error"),
    ],
)
def test_what_was_not_taken_waits(proxy: FaultProxy, happening: Fault | Answer, words: str) -> None:
    """A refusal or a broken road is one try and one sentence without a secret; the next try may fare better."""
    proxy.will(happening)
    notifier = bell(address(proxy.port))
    why = refused(notifier)
    assert why.startswith("JSON did not take it. Look at its address and at the network; it is tried again.")
    assert words in why
    assert len(proxy.seen) == 1
    assert notifier.deliver([notification()]) == ["JSON"]


def test_nobody_listens() -> None:
    """A closed port waits."""
    assert "it is tried again" in refused(bell(address(free_port())))


def test_a_hanging_service_is_given_up(proxy: FaultProxy) -> None:
    """A service that never answers does not hold up the agent."""
    proxy.will(Fault.HANG)
    assert "JSON did not take it" in refused(bell(address(proxy.port), seconds=0.3))
    proxy.hang_up()


@pytest.mark.parametrize("where", ["nosuch://T0PSECRET/x", "slack://T0PSECRET", f"robot:{PASSWORD}", "://"])
def test_what_apprise_does_not_know_is_told_by_its_scheme(where: str) -> None:
    """An address that is none of apprise's is told without showing it."""
    why = refused(bell(where))
    assert "apprise does not know this address (" in why


def test_the_address_may_stand_in_a_file(
    proxy: FaultProxy, heard: list[dict[str, Any]], tmp_path: Path
) -> None:
    """An address in a file of its own is read anew for each delivery; two in one file are refused."""
    file = tmp_path / "address"
    file.write_text("nosuch://x\n")
    file.chmod(0o600)
    notifier = bell(Secret(file), name="slack")
    assert "apprise does not know" in refused(notifier)
    file.write_text(f"# Slack\n{address(proxy.port)}\n")
    assert notifier.deliver([notification()]) == ["JSON"]
    file.write_text(f"{address(proxy.port)}\n{address(1)}\n")
    assert refused(notifier).startswith(
        "The file of slack holds 2 addresses. Give each an [[notify.apprise]]"
    )
    file.chmod(0o644)
    assert "Others may read or change" in refused(notifier)
    assert len(heard) == 1


def test_without_apprise_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is missing the alert waits, and one sentence says what to run."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    why = refused(bell("json://127.0.0.1"))
    assert why == (
        "apprise is not installed here (apprise). Run: pip install 'logonbell[apprise]'; the alert waits."
    )


def test_a_service_that_breaks_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a service's code raises is a failed delivery, and what it says shows no secret."""
    import apprise  # noqa: PLC0415 - the notifier does so, too

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"no route to {PASSWORD}")

    monkeypatch.setattr(apprise.Apprise, "notify", broken)
    assert "(RuntimeError: no route to ***)" in refused(bell(address(9)))


def test_nothing_is_logged(proxy: FaultProxy, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither apprise nor what it is built on writes a word to the terminal, where an address could show."""
    proxy.will(Answer(403), Fault.RESET_BEFORE)
    notifier = bell(address(proxy.port))
    for _ in range(3):
        notifier.deliver([notification()])
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger().handlers or PASSWORD not in str(logging.getLogger().handlers)


@pytest.mark.parametrize(
    ("words", "where", "shown"),
    [
        ("to T0PSECRET at https://h/T0PSECRET", "slack://T0PSECRET/x", "to *** at https://h/***"),
        ("pa ss%word!", "json://u:pa%20ss%25word@h", "***!"),
        ("PA%20SS", "json://u:pa%20ss@h", "***"),
        ("x" * 1000, "json://h", "x" * 300),
        ("error=403", "json://h/a/b/403", "error=403"),
    ],
)
def test_secrets_are_hidden(words: str, where: str, shown: str) -> None:
    """Every part of an address that could be a secret is taken out, encoded or not, in any case."""
    assert hide(words, where) == shown
