from __future__ import annotations

import pytest

from logonbell.errors import Refused
from logonbell.notifiers.target import read_target


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://a.example/", "It is not an https address. It looks like https://"),
        ("https:///x", "It is not an https address."),
        ("https://[::1", "It is not an https address."),
        ("https://a.example:99999/", "It is not an https address."),
        ("https://a.example:0/", "It is not an https address."),
        ("http://a.example/", "a.example is asked over http, so anyone on the way could read the alerts."),
        ("http://127.0.0.1.evil.example/", "is asked over http"),
        ("https://me:pw@a.example/", "a.example: such an address has no user and no fragment."),
        ("https://a.example/#x", "a.example: such an address has no user and no fragment."),
        ("https://a.example/a b", "It holds characters that no address has. Write them percent-encoded"),
        ("https://鐘.example/", "It holds characters that no address has."),
    ],
)
def test_what_is_no_address_is_refused(url: str, words: str) -> None:
    """An address that cannot be, or that anyone could listen to, is refused before anything is sent."""
    with pytest.raises(Refused) as caught:
        read_target(url)
    assert words in str(caught.value)
    assert "pw" not in str(caught.value)


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
