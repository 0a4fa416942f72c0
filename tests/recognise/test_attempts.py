"""How many attempts the lines of one connection are, where up to three of them may speak of the same."""

from __future__ import annotations

import pytest

from linux_scenes import line
from logonbell.logon import FailedLogons
from logonbell.simulate.windows import in_order
from recognising import final, pass_through

NAMED = "Invalid user pi from 198.51.100.9 port 40000"
ASKED = "error: PAM: Authentication failure for pi from 198.51.100.9"
REFUSED = "Failed password for invalid user pi from 198.51.100.9 port 40000 ssh2"
GONE = "Connection closed by invalid user pi 198.51.100.9 port 40000 [preauth]"
TOO_MANY = (
    "error: maximum authentication attempts exceeded for pi from 198.51.100.9 port 40000 ssh2 [preauth]"
)
OTHERS = [line(300 + second, "sshd", str(200 + second), NAMED) for second in range(3)]
"""Three more who try, so that whatever is counted is told, and no ten minutes pass without a failure."""


def attempts(*lines: tuple[float, str]) -> int:
    """Count the attempts that the lines of one connection are, each with its second."""
    own = [line(seconds, "sshd", "100", message) for seconds, message in lines]
    (burst,) = [one for one in final(pass_through(in_order(own, OTHERS))) if isinstance(one, FailedLogons)]
    return burst.count - len(OTHERS)


@pytest.mark.parametrize(
    ("messages", "count"),
    [
        ([NAMED, ASKED, REFUSED, GONE], 1),
        ([REFUSED, REFUSED, REFUSED], 3),
        ([REFUSED, REFUSED, TOO_MANY, GONE], 2),
        ([ASKED, REFUSED, ASKED, REFUSED], 2),
        ([NAMED, NAMED], 2),
        ([TOO_MANY, GONE], 1),
        ([GONE], 1),
    ],
)
def test_a_line_that_comes_after_tells_of_the_same_attempt(messages: list[str], count: int) -> None:
    """Each wrong password of a connection counts, however many lines tell of it; its end counts where nothing else did."""
    assert attempts(*enumerate(messages)) == count


@pytest.mark.parametrize("last", [REFUSED, GONE])
@pytest.mark.parametrize(("seconds", "count"), [(600, 1), (600.001, 2)])
def test_a_process_id_is_one_connections_for_ten_minutes(last: str, seconds: float, count: int) -> None:
    """What a process of the same number says later is said of somebody else."""
    assert attempts((0, NAMED), (seconds, last)) == count


@pytest.mark.parametrize(("connections", "twice"), [(512, 0), (513, 1)])
def test_of_more_connections_than_are_remembered_the_oldest_may_count_twice(
    connections: int, twice: int
) -> None:
    """As docs/reference/memory.md says: 512 that try at the same time are told apart."""
    events = [line(number / 10, "sshd", str(number + 1), NAMED) for number in range(connections)]
    events.append(line(100, "sshd", "1", REFUSED))
    (burst,) = [one for one in final(pass_through(in_order(events))) if isinstance(one, FailedLogons)]
    assert burst.count == connections + twice
