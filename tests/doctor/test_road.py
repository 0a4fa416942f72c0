"""The way to AWS is tried, and what is missing on it is named with what it costs."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from logonbell.doctor.road import Road, drive, of_own_proxy, of_road
from logonbell.notifiers.check import Mark

SNS = "sns.eu-north-1.amazonaws.com"


@pytest.fixture
def door() -> Iterator[int]:
    """A port on which somebody answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_straight(door: int) -> None:
    """Where somebody answers the way is open."""
    road = drive(f"http://127.0.0.1:{door}", {}, direct=False)
    assert (road.addresses, road.proxy, road.failed) == (("127.0.0.1",), None, "")


def test_through_a_proxy(door: int) -> None:
    """The proxy is asked where one is set, and its password is shown to nobody; a name it need not know itself."""
    proxies = {"https": f"http://user:secret@127.0.0.1:{door}"}
    road = drive("https://nowhere.invalid", proxies, direct=False)
    assert road == Road("nowhere.invalid", (), "127.0.0.1", "")


def test_nobody_answers() -> None:
    """A closed port is said with the system's words."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert drive(f"http://127.0.0.1:{port}", {}, direct=True).failed != ""


@pytest.mark.parametrize(
    ("road", "mark", "words"),
    [
        (Road(SNS, ("52.1.2.3",), None, ""), Mark.GOOD, "straight"),
        (Road(SNS, ("10.0.1.7", "10.0.2.7"), None, ""), Mark.GOOD, "VPC endpoint"),
        (Road(SNS, (), "proxy.corp", ""), Mark.GOOD, "proxy proxy.corp"),
        (Road(SNS, (), "proxy.corp", "timed out"), Mark.BAD, "HTTPS_PROXY"),
        (Road(SNS, ("52.1.2.3",), None, "timed out"), Mark.BAD, "com.amazonaws.eu-north-1.sns"),
        (Road(SNS, (), None, "unknown"), Mark.BAD, "aws.amazon.com/privatelink/pricing"),
    ],
)
def test_what_is_said_of_it(road: Road, mark: Mark, words: str) -> None:
    """Straight, by endpoint, by proxy; or closed, with what would open it and what that costs."""
    (verdict,) = of_road(road, "eu-north-1")
    assert verdict.mark is mark
    assert words in f"{verdict.what} {verdict.remedy}"


def test_a_proxy_of_this_user_only() -> None:
    """The agent is SYSTEM: a proxy that only the administrator has does not help it."""
    (alone,) = of_own_proxy("http://p", machines=False, obeyed=True)
    (ignored,) = of_own_proxy("http://p", machines=True, obeyed=False)
    assert (alone.mark, ignored.mark) == (Mark.CARE, Mark.CARE)
    assert "this user only" in str(alone.what)
    assert "ignores it" in str(ignored.what)
    assert list(of_own_proxy("http://p", machines=True, obeyed=True)) == []
    assert list(of_own_proxy(None, machines=False, obeyed=False)) == []
