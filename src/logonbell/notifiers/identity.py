"""Whether this identity may do a thing, as far as AWS tells without its being done."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logonbell.notifiers.aws import NotAnswered

FORBIDDEN = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "NotAuthorized",
    }
)
MISSING = frozenset(
    {"NotFound", "NotFoundException", "ResourceNotFound", "NoSuchEntity", "NoSuchEntityException"}
)


def forbids(lost: NotAnswered) -> bool:
    """Tell whether AWS refused for want of a right."""
    return not FORBIDDEN.isdisjoint(lost.names)


def misses(lost: NotAnswered) -> bool:
    """Tell whether AWS has nothing of that name."""
    return not MISSING.isdisjoint(lost.names)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: the ARN that STS gives, and its account."""

    arn: str
    account: str

    @property
    def role(self) -> str | None:
        """The name of the role behind a session of one; None for a user."""
        parts = self.arn.rpartition(":")[2].split("/")
        return parts[1] if parts[0] == "assumed-role" and len(parts) > 1 else None

    @property
    def is_root(self) -> bool:
        """The account itself, which no policy of IAM holds back."""
        return self.arn.endswith(":root")

    @property
    def principal(self) -> str:
        """The ARN whose policies count; a role's path is not in that of its session, so it may be lacking here."""
        if self.role is None:
            return self.arn
        return f"{self.arn.partition(':sts:')[0]}:iam::{self.account}:role/{self.role}"


def identity(ask: Callable[[Callable[[Any], Any]], Any]) -> Identity:
    """Ask STS who asks; it needs no right. Raises ``NotAnswered``."""
    told = ask(lambda sts: sts.get_caller_identity())
    return Identity(told.get("Arn", ""), told.get("Account", ""))


def decisions(
    ask: Callable[[Callable[[Any], Any]], Any], who: Identity, actions: Sequence[str], resource: str
) -> Mapping[str, str]:
    """Ask IAM to simulate: ``allowed``, ``explicitDeny`` or ``implicitDeny`` by action. Raises ``NotAnswered``.

    It judges the policies of the identity only, not those of the resource (IAM API, SimulatePrincipalPolicy).
    """
    principal = who.principal
    if who.role is not None:
        try:
            principal = ask(lambda iam: iam.get_role(RoleName=who.role))["Role"]["Arn"]
        except NotAnswered as lost:
            if not forbids(lost) and not misses(lost):
                raise  # else the ARN without a path is right for most roles
    told = ask(
        lambda iam: iam.simulate_principal_policy(
            PolicySourceArn=principal, ActionNames=list(actions), ResourceArns=[resource]
        )
    )
    return {
        one.get("EvalActionName", ""): one.get("EvalDecision", "")
        for one in told.get("EvaluationResults", [])
    }


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy, as far as it is looked at: what it does, to whom, and under which conditions."""

    sid: str
    effect: str
    principals: frozenset[str]
    conditions: frozenset[str]
    """The keys that are asked about, in lower case, as ``aws:securetransport``."""


def statements(policy: str, action: str) -> Iterator[Statement]:
    """List the statements of a resource's policy that are about ``action``. Raises ``ValueError`` for what is none."""
    parsed = json.loads(policy)
    if not isinstance(parsed, dict):
        raise ValueError("no policy")  # noqa: TRY004 - it is not JSON's type that is wrong, but the text
    for one in _listed(parsed.get("Statement")):
        if not isinstance(one, dict) or not _about(one, action):
            continue
        principal = one.get("Principal", "*" if "NotPrincipal" in one else None)
        named = principal.get("AWS") if isinstance(principal, dict) else principal
        conditions = one.get("Condition")
        yield Statement(
            str(one.get("Sid", "")),
            str(one.get("Effect", "")),
            frozenset(map(str, _listed(named))),
            frozenset(
                str(key).casefold()
                for keys in (conditions.values() if isinstance(conditions, dict) else ())
                if isinstance(keys, dict)
                for key in keys
            ),
        )


def _about(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not _matches(statement["NotAction"], action)
    return _matches(statement.get("Action"), action)


def _matches(patterns: Any, action: str) -> bool:
    return any(
        fnmatch.fnmatchcase(action.casefold(), str(pattern).casefold()) for pattern in _listed(patterns)
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
