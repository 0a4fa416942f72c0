"""The stack as it stands: planning a change, carrying it out, taking it down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logonbell.cloud.refusal import forbidden, refused
from logonbell.cloud.services import Services
from logonbell.cloud.written import Template, read_template, written
from logonbell.errors import Refused
from logonbell.notifiers.aws import NotAnswered
from logonbell.notifiers.refusals import TOO_MUCH
from logonbell.sentence import say

_LONGEST = 51_200
"""Bytes of a template that is handed over as it is (CloudFormation quotas)."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_REVIEWED = "REVIEW_IN_PROGRESS"
_FRESH = frozenset({_REVIEWED, "ROLLBACK_COMPLETE"})
"""Names of a stack that was never made: nothing of it is there."""
_STUCK = frozenset({"UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"})


@dataclass(frozen=True, slots=True)
class Standing:
    """The stack as CloudFormation describes it."""

    id: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    since: datetime

    @property
    def is_there(self) -> bool:
        """Whether there is more of it than a name."""
        return self.status not in _FRESH


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one resource: ``Add``, ``Modify``, ``Remove``, ``Import``; ``replaced``: made anew."""

    action: str
    name: str
    kind: str
    replaced: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A change set that waits."""

    id: str
    fresh: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of one resource, as CloudFormation reports it."""

    name: str
    status: str
    reason: str


Tell = Callable[[Progress], None]


class Stack:
    """One stack, by its name."""

    def __init__(self, services: Services, name: str, pause: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self._cloudformation = services["cloudformation"]
        self._pause = pause

    def standing(self) -> Standing | None:
        """Look at it; None where there is none. Raises ``Refused``."""
        return self._described(self.name)

    def template(self) -> Template:
        """Give the template from which it stands. Raises ``Refused``."""
        given = self._ask("cloudformation:GetTemplate", lambda one: one.get_template(StackName=self.name))
        body = given["TemplateBody"]
        try:
            return body if isinstance(body, Mapping) else read_template(body)
        except ValueError as error:
            raise Refused(
                say(
                    "The template of the stack {stack} cannot be read ({why}).",
                    stack=self.name,
                    why=str(error),
                ),
                say("If it is another's stack, name yours with --stack."),
            ) from error

    def plan(self, template: Template, name: str, given: Mapping[str, str] | None = None) -> Plan | None:
        """Let CloudFormation find out what would change; None where nothing would. Raises ``Refused``.

        ``given`` are values of its parameters; those that are not given are the template's own.
        """
        body = written(template, "json")
        if len(body.encode()) > _LONGEST:
            raise Refused(
                say("With so many subscribers the template is too long for CloudFormation."),
                say("Let a mailing list or a queue hear the topic, and take others out with --remove."),
            )
        standing = self.standing()
        if standing is not None:
            self._refuse_unless_idle(standing)
            if standing.status == "ROLLBACK_COMPLETE":  # CloudFormation takes no change of it
                self.take_down(lambda _: None)
        fresh = standing is None or not standing.is_there
        parameters = [
            {"ParameterKey": key, "ParameterValue": (given or {}).get(key, str(one["Default"]))}
            for key, one in template["Parameters"].items()
        ]
        made = self._ask(
            "cloudformation:CreateChangeSet",
            lambda one: one.create_change_set(
                StackName=self.name,
                ChangeSetName=name,
                ChangeSetType="CREATE" if fresh else "UPDATE",
                TemplateBody=body,
                Parameters=parameters,
                Capabilities=["CAPABILITY_IAM"],
            ),
        )["Id"]
        for _ in self._pauses():
            described = self._ask(
                "cloudformation:DescribeChangeSet",
                lambda one: one.describe_change_set(StackName=self.name, ChangeSetName=made),
            )
            if described["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
                break
        plan = Plan(made, fresh, tuple(self._changes(made)))
        reason = described.get("StatusReason", "")
        if described["Status"] == "FAILED":
            self.discard(plan)
            if any(words in reason for words in _NO_CHANGES):
                return None
            raise forbidden(reason) or Refused(
                say("CloudFormation cannot plan it: {why}", why=reason),
                say("Mend what it names, and run it again."),
            )
        return plan

    def discard(self, plan: Plan) -> None:
        """Take a plan away, and the name of a stack that was never made. One that is left over does nothing."""
        with suppress(NotAnswered):
            self._patiently(lambda one: one.delete_change_set(StackName=self.name, ChangeSetName=plan.id))
            if plan.fresh:
                self._patiently(lambda one: one.delete_stack(StackName=self.name))

    def carry_out(self, plan: Plan, tell: Tell) -> Standing:
        """Carry a plan out; tell what becomes of each resource. Raises ``Refused`` where CloudFormation took it back."""
        known = {event["EventId"] for event in self._events(self.name)}
        self._ask(
            "cloudformation:ExecuteChangeSet",
            lambda one: one.execute_change_set(StackName=self.name, ChangeSetName=plan.id),
        )
        return self._followed(self.name, known, tell)

    def take_down(self, tell: Tell) -> None:
        """Take it down, and wait until it is gone. Raises ``Refused``."""
        standing = self.standing()
        if standing is None:
            return
        known = {event["EventId"] for event in self._events(standing.id)}
        self._ask("cloudformation:DeleteStack", lambda one: one.delete_stack(StackName=self.name))
        self._followed(standing.id, known, tell)

    def _followed(self, stack: str, known: set[str], tell: Tell) -> Standing:
        """Follow what happens until it has come to an end."""
        failed: Progress | None = None
        standing: Standing | None = None
        begun = False  # until CloudFormation reports something new, it may still show how it stood before
        for _ in self._pauses():
            standing = self._described(stack)
            for event in reversed([one for one in self._events(stack) if one["EventId"] not in known]):
                known.add(event["EventId"])
                begun = True
                progress = Progress(
                    event["LogicalResourceId"],
                    event["ResourceStatus"],
                    event.get("ResourceStatusReason", ""),
                )
                if event["LogicalResourceId"] == self.name:
                    continue
                if failed is None and progress.status.endswith("_FAILED"):
                    failed = progress
                tell(progress)
            if begun and (standing is None or not standing.status.endswith("_IN_PROGRESS")):
                break
        status = "DELETE_COMPLETE" if standing is None else standing.status
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}:
            return standing or Standing(stack, status, {}, {}, datetime.min)  # noqa: DTZ901 - it is gone
        raise self._taken_back(failed, status)

    def _taken_back(self, failed: Progress | None, status: str) -> Refused:
        if failed is not None and (right := forbidden(failed.reason)) is not None:
            why = right.what
        elif failed is not None:
            why = say("{resource}: {why}", resource=failed.name, why=failed.reason)
        else:
            why = say("{resource}: {why}", resource=self.name, why=status)
        if "ROLLBACK_COMPLETE" in status:
            return Refused(
                say("It was not done, and CloudFormation took everything back. {why}", why=why),
                say("Mend that, and run it again."),
            )
        return Refused(
            say(
                "It was not done, and the stack {stack} is stuck ({status}). {why}",
                stack=self.name,
                status=status,
                why=why,
            ),
            say("Mend that in the CloudFormation console, and run it again."),
        )

    def _refuse_unless_idle(self, standing: Standing) -> None:
        if standing.status.endswith("_IN_PROGRESS") and standing.status != _REVIEWED:
            raise Refused(
                say(
                    "The stack {stack} is being changed ({status}).", stack=self.name, status=standing.status
                ),
                say("Wait until that is over, and run it again."),
            )
        if standing.status in _STUCK:
            raise Refused(
                say("The stack {stack} is stuck ({status}).", stack=self.name, status=standing.status),
                say("Mend it in the CloudFormation console, or take it down: logonbell cloud down"),
            )

    def _described(self, stack: str) -> Standing | None:
        try:
            found = self._patiently(lambda one: one.describe_stacks(StackName=stack))["Stacks"][0]
        except NotAnswered as lost:
            if "ValidationError" in lost.names and "does not exist" in lost.words:
                return None
            raise refused(lost, "cloudformation:DescribeStacks") from lost
        if found["StackStatus"] == "DELETE_COMPLETE":
            return None
        return Standing(
            found["StackId"],
            found["StackStatus"],
            {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])},
            {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
            found.get("LastUpdatedTime") or found["CreationTime"],
        )

    def _changes(self, change_set: str) -> Iterator[Change]:
        pages = self._ask(
            "cloudformation:DescribeChangeSet",
            lambda one: list(
                one.get_paginator("describe_change_set")
                .paginate(StackName=self.name, ChangeSetName=change_set)
                .search("Changes[].ResourceChange")
            ),
        )
        for one in pages:
            if one is not None:
                replaced = one.get("Replacement") == "True"
                yield Change(one["Action"], one["LogicalResourceId"], one["ResourceType"], replaced)

    def _events(self, stack: str) -> Sequence[Mapping[str, Any]]:
        """List what happened to it, the newest first."""
        found: Sequence[Mapping[str, Any]] = self._ask(
            "cloudformation:DescribeStackEvents",
            lambda one: list(
                one.get_paginator("describe_stack_events").paginate(StackName=stack).search("StackEvents[]")
            ),
        )
        return found

    def _ask(self, action: str, request: Callable[[Any], Any]) -> Any:
        try:
            return self._patiently(request)
        except NotAnswered as lost:
            raise refused(lost, action) from lost

    def _patiently(self, request: Callable[[Any], Any]) -> Any:
        """Ask, and where AWS is asked too much, after a while again."""
        for pause in (1.0, 2.0, 4.0):
            try:
                return self._cloudformation.ask(request)
            except NotAnswered as lost:
                if set(TOO_MUCH.split()).isdisjoint(lost.names):
                    raise
                self._pause(pause)
        return self._cloudformation.ask(request)

    def _pauses(self) -> Iterator[None]:
        """Pause between looks, longer each time."""
        pause = _FIRST_PAUSE
        while True:
            yield
            self._pause(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.5)


def kept(template: Template, names: Sequence[str]) -> dict[str, Any]:
    """Give a template whose resources of these names stay when the stack goes.

    CloudFormation takes no change of a deletion policy alone, so their metadata change with it.
    """
    made: dict[str, Any] = json.loads(json.dumps(template))
    for name in names:
        if (one := made["Resources"].get(name)) is not None:
            one["DeletionPolicy"] = "Retain"
            one["Metadata"] = {**one.get("Metadata", {}), "Stays": "logonbell cloud down --keep-topic"}
    return made


def stays(template: Template, names: Sequence[str]) -> bool:
    """Tell whether the resources of these names stay when the stack goes."""
    there = [template["Resources"][name] for name in names if name in template["Resources"]]
    return all(one.get("DeletionPolicy") == "Retain" for one in there)
