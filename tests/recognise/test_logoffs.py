"""However soon somebody comes back and leaves, and whichever log tells of it: one session, one end, nobody left on."""

from __future__ import annotations

import pytest

from logonbell.event import Event
from logonbell.logon import Logoff
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.windows import OPENSSH
from logonbell.simulate.windows import WindowsHost, in_order
from recognising import logons
from scenes import HOME, LSM, NINE, a_host, after, mori, only

QUIET = 90_000
"""So many seconds later everything is forgotten that is not open."""


def came_back(host: WindowsHost, gap: float) -> list[Event]:
    """Let somebody come, be cut off, and come back ``gap`` seconds after he came."""
    person = mori(host)
    return [
        *host.rdp_logon(NINE, person, HOME),
        *host.rdp_disconnect(after(gap - 5), person),
        *host.rdp_reconnect(after(gap), person, HOME),
    ]


def holds_one_end(events: list[Event]) -> None:
    """Hold a session that was taken up again to one end, under the logon that opened it."""
    recogniser = Recogniser()
    found = [finding for event in events for finding in recogniser.feed(event)]
    came, back = logons(found)
    (left,) = (finding for finding in found if isinstance(finding, Logoff))
    assert (left.logon, left.began) == (came.main, came.time) == (back.resumes, back.began)
    assert recogniser.present() == []
    list(recogniser.advance(after(QUIET)))
    assert recogniser.present() == []


@pytest.mark.parametrize("audited", [True, False])
@pytest.mark.parametrize("channels", [(), ("Security",), (LSM,)], ids=["all", "security", "lsm"])
@pytest.mark.parametrize("gap", [12, 20, 600])
@pytest.mark.parametrize("stays", [8, 20, 600])
def test_whoever_came_back_leaves_once(
    audited: bool, channels: tuple[str, ...], gap: float, stays: float
) -> None:
    """His session ends once and is open no longer, also where he was back for seconds only."""
    host = a_host(audited=audited)
    events = in_order(came_back(host, gap), host.logoff(after(gap + stays), mori(host)))
    holds_one_end(only(events, *channels) if channels else events)


@pytest.mark.parametrize("gap", [20, 600])
@pytest.mark.parametrize("stays", [8, 20, 600])
def test_a_restart_ends_a_session_once(gap: float, stays: float) -> None:
    """Windows' start ends a session that was taken up again under the logon that opened it alone."""
    host = a_host()
    holds_one_end(in_order(came_back(host, gap), host.boot(after(gap + stays))))


@pytest.mark.parametrize("later", [0, 1, QUIET])
def test_a_session_of_seconds_ends(later: float) -> None:
    """Whoever comes by SSH and leaves within ten seconds has left: told once no further logon id can come."""
    host = a_host()
    events = [*host.ssh_logon(NINE, mori(host), HOME, key=False), *host.logoff(after(4), mori(host))]
    recogniser = Recogniser()
    found = [finding for event in only(events, "Security", OPENSSH) for finding in recogniser.feed(event)]
    found += recogniser.advance(after(4 + later))
    assert recogniser.present() == []
    found += recogniser.finish()
    (came,) = logons(found)
    (left,) = (finding for finding in found if isinstance(finding, Logoff))
    assert (left.logon, left.time) == (came.main, after(4))
