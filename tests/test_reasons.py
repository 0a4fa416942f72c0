"""The reason of an SSM session: asked for after its alert, told once, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes import NOON, FakeClock
from logonbell.logon import Door, Notice, NoticeKind
from logonbell.notification import Notification
from logonbell.notifiers.aws import NotAnswered
from logonbell.reasons import Reasons
from logonbell.sentence import Sentence
from logonbell.silence import Allowance, Cover, Expected
from logonbell.store.outbox import Outbox
from notifications import notification
from reading import pending

SESSION = "alice-0e34861185201706f"


class Ssm:
    """The Session Manager's door: reasons by session; what is not there has ended, or is not known."""

    def __init__(self) -> None:
        self.active: dict[str, str | None] = {}
        self.history: dict[str, str | None] = {}
        self.asked: list[tuple[str, str]] = []
        self.lost: NotAnswered | None = None

    def ask(self, request: Callable[[Any], Any]) -> Any:
        """Answer."""
        if self.lost is not None:
            raise self.lost
        return request(self)

    def describe_sessions(self, State: str, Filters: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - AWS's
        """Describe a session."""
        (one,) = Filters
        assert one["key"] == "SessionId"
        session = one["value"]
        self.asked.append((State, session))
        known = self.active if State == "Active" else self.history
        if session not in known:
            return {"Sessions": []}
        reason = known[session]
        return {"Sessions": [{"SessionId": session} | ({} if reason is None else {"Reason": reason})]}


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox."""
    outbox = Outbox.open(tmp_path, now=NOON)
    yield outbox
    outbox.close()


def keep(
    outbox: Outbox, session: str = SESSION, *, record: int = 1, expected: Sequence[Expected] = ()
) -> None:
    """Let a session have rung, unless it was ``expected``."""
    who = "arn:aws:iam::1:user/alice"
    alert = notification(record, door=Door.SSM_SHELL, ssm_session=session, time=NOON, principal=who).alert
    outbox.commit(
        bookmarks={},
        snapshot="",
        findings=[alert.finding],
        alerts=[alert],
        notifiers=["sns"],
        read=NOON,
        newest={},
        losses=[],
        expected=expected,
    )


def make(outbox: Outbox, ssm: Ssm, told: list[Sentence] | None = None) -> Reasons:
    """Make what asks."""
    remarks = [] if told is None else told
    door: Any = ssm
    return Reasons(
        outbox,
        ["sns"],
        {},
        lambda: None,
        lambda: "ap-northeast-1",
        lambda _: door,
        FakeClock(NOON + timedelta(seconds=20)),
        remarks.append,
        "bastion-tokyo",
    )


def told_by(outbox: Outbox) -> list[str]:
    """Give what waits to be told of reasons."""
    waiting = [one.telling for one in pending(outbox, "sns", NOON + timedelta(days=1))]
    findings = [one.alert.finding for one in waiting if isinstance(one, Notification)]
    return [str(one.what) for one in findings if isinstance(one, Notice) and one.kind is NoticeKind.REASON]


def test_a_reason_is_told_once(outbox: Outbox) -> None:
    """By its session and principal; another look, also after a restart, asks for nothing."""
    keep(outbox)
    ssm = Ssm()
    ssm.active[SESSION] = "INC-4711: disk full"
    assert make(outbox, ssm).round()
    wanted = [
        f"The reason given for the SSM session {SESSION} of arn:aws:iam::1:user/alice: INC-4711: disk full"
    ]
    assert told_by(outbox) == wanted
    assert not make(outbox, ssm).round()
    assert ssm.asked == [("Active", SESSION)]
    assert told_by(outbox) == wanted


def test_a_session_that_has_ended_is_found(outbox: Outbox) -> None:
    """It is in the history by then; one without a reason, and one that is not known, are told nothing of."""
    for record, session in enumerate((SESSION, "bob-1", "carol-2"), 1):
        keep(outbox, session, record=record)
    ssm = Ssm()
    ssm.history[SESSION] = "patching"
    ssm.active["bob-1"] = None
    make(outbox, ssm).round()
    assert [text.rpartition(": ")[2] for text in told_by(outbox)] == ["patching"]


def test_what_nobody_was_told_of_is_not_asked_for(outbox: Outbox) -> None:
    """What is expected, what is no SSM session, and what rang long ago."""
    keep(outbox, expected=[Allowance(Cover(), "patching")])
    keep(outbox, "", record=2)
    ssm = Ssm()
    assert not make(outbox, ssm).round()
    keep(outbox, "bob-1", record=3)
    late = make(outbox, ssm)
    late.clock = FakeClock(NOON + timedelta(hours=1))
    assert not late.round()
    assert ssm.asked == []


@pytest.mark.parametrize(
    ("code", "says"), [("AccessDeniedException", "ssm:DescribeSessions"), ("429", "trying again")]
)
def test_a_refusal_is_told_once_and_asked_again(outbox: Outbox, code: str, says: str) -> None:
    """Nothing is lost by it: the session stays to be asked for."""
    keep(outbox)
    ssm, told = Ssm(), list[Sentence]()
    ssm.active[SESSION] = "patching"
    ssm.lost = NotAnswered([code], "no")
    reasons = make(outbox, ssm, told)
    reasons.round()
    reasons.round()
    (one,) = told
    assert says in str(one)
    ssm.lost = None
    reasons.round()
    assert len(told_by(outbox)) == 1
