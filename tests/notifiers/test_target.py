from __future__ import annotations

import pytest

from logonbell.errors import Refused
from logonbell.notifiers.target import Target, read_target

EXAMPLE = "It looks like https://alerts.example.com/logonbell."
NONE = f"It is not an https address. {EXAMPLE}"
TOO_MUCH = f"a.example: such an address has no user and no fragment. {EXAMPLE}"
FOREIGN = "It holds characters that no address has. Write them percent-encoded, as %E9%90%98."
HTTP = (
    "{host} is asked over http, so anyone on the way could read the alerts. "
    "Write https; http is for a receiver on this machine only."
)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://a.example/", NONE),
        ("https:///x", NONE),
        ("https://[::1", NONE),
        ("https://a.example:99999/", NONE),
        ("https://a.example:0/", NONE),
        ("http://a.example/", HTTP.format(host="a.example")),
        ("http://127.0.0.1.evil.example/", HTTP.format(host="127.0.0.1.evil.example")),
        ("https://me:pw@a.example/", TOO_MUCH),
        ("https://a.example/#x", TOO_MUCH),
        ("https://a.example/a b", FOREIGN),
        ("https://鐘.example/", FOREIGN),
    ],
)
def test_what_is_no_address_is_refused(url: str, words: str) -> None:
    """An address that cannot be, or that anyone could listen to, is refused before anything is sent, password unsaid."""
    with pytest.raises(Refused) as caught:
        read_target(url)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.example", Target("a.example", 443, "/", tls=True)),
        ("https://A.example/x/y?key=1", Target("a.example", 443, "/x/y?key=1", tls=True)),
        ("https://a.example:8443?key=1", Target("a.example", 8443, "/?key=1", tls=True)),
        ("http://127.0.0.1", Target("127.0.0.1", 80, "/", tls=False)),
        ("http://[::1]:8080/x", Target("::1", 8080, "/x", tls=False)),
    ],
)
def test_an_address_is_read_whole(url: str, target: Target) -> None:
    """Host, port, path and query are those of the address; what it leaves out is as on the web."""
    assert read_target(url) == target


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?key=secret", "https://a.example"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("http://[::1]:80/", "http://[::1]"),
        ("http://localhost:8080/x", "http://localhost:8080"),
    ],
)
def test_only_the_host_is_shown(url: str, shown: str) -> None:
    """A path or query, which often is a secret, is never told to anybody."""
    assert read_target(url).shown == shown
