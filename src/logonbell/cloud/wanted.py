"""What the stack shall hold: read once, at the command line, or from a stack that is there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from logonbell.alert import Level
from logonbell.errors import Refused
from logonbell.notifiers.topic import read_topic
from logonbell.sentence import Sentence, say

STACK = "logonbell"
"""The stack's name, and the topic's, unless others are given."""
_SHOWN = 200

# A stack's name: at most so long that the names which CloudFormation makes of it are not cut (a rule's has 64).
# CloudFormation API, CreateStack; IAM API, AttachRolePolicy; SNS API, CreateTopic; Organizations API, Organization; EC2 API, Tag.
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,23}", re.ASCII)
_ROLE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_TOPIC_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)
_TAG = re.compile(r"(?:tag:)?+(?P<key>(?!aws:)[\w+\-./:@ ]{1,128})=(?P<value>[\w+\-./:@ *?]{1,256})")
# No braces: CloudFormation puts a secret in the place of {{resolve:...}}, also in an address.
_MAIL = re.compile(r"[^\s@,;<>(){}\x00-\x1f]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_WEB = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-\"$-z|~]*)?", re.ASCII)
_ARN = re.compile(r"arn:aws[a-z-]*:(?P<service>sqs|lambda):[a-z0-9-]+:[0-9]{12}:[\w:.-]{1,180}", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Subscriber:
    """Who hears the topic: SNS's protocol and endpoint; ``least``: the level below which it hears nothing."""

    protocol: str
    endpoint: str
    least: Level | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """The tag by which hosts are known; EC2's ``*`` and ``?`` may stand in its value."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All that may differ from one stack to another."""

    subscribers: tuple[Subscriber, ...] = ()
    roles: tuple[str, ...] = ()
    hosts: Tag | None = None
    topic_name: str = STACK
    topic_arn: str | None = None
    """A topic that is there already, to be adopted as it is."""
    kms: bool = False
    organization: str | None = None
    parameter: str | None = None
    may_look: bool = False
    may_list_sessions: bool = False
    silent: frozenset[str] = frozenset()
    """Rules of ``eyes.py`` that are switched off."""
    language: str = "en"


def read_stack(name: str) -> str:
    """Read a stack's name. Raises ``Refused``."""
    why = say("a stack's name begins with a letter and holds at most 24 letters, digits and -")
    return _read(_STACK, name, why)


def read_topic_name(name: str) -> str:
    """Read a topic's name; one of a FIFO topic is refused, since no mail and no rule of EventBridge reaches it."""
    return _read(
        _TOPIC_NAME, name, say("a topic's name holds letters, digits, - and _ (and no FIFO topic will do)")
    )


def read_role(name: str) -> str:
    """Read a role's name, or take it from its ARN. Raises ``Refused``."""
    last = name.rpartition("/")[2] if name.startswith("arn:") else name
    return _read(_ROLE, last, say("a role is named as IAM names it, without its path: BastionRole"))


def read_organization(name: str) -> str:
    """Read the id of an organization. Raises ``Refused``."""
    return _read(_ORGANIZATION, name, say("an organization's id looks like o-exampleorgid"))


def read_tag(text: str) -> Tag:
    """Read ``tag:Role=bastion``. Raises ``Refused``."""
    if found := _TAG.fullmatch(text):
        return Tag(found["key"], found["value"])
    raise _wrong(text, say("hosts are named by a tag, as in tag:Role=bastion"))


def read_adopted(arn: str) -> str:
    """Read the ARN of a topic that is to be adopted. Raises ``Refused``."""
    topic = read_topic(arn)
    if topic.fifo:
        raise Refused(
            say("{topic} is a FIFO topic, which neither mail nor EventBridge reaches.", topic=arn),
            say("Leave --topic-arn out, and the stack makes a topic of its own."),
        )
    return arn


def read_subscribers(
    *,
    mails: Iterable[str] = (),
    phones: Iterable[str] = (),
    webs: Iterable[str] = (),
    arns: Iterable[str] = (),
    only: Iterable[str] = (),
    known: Iterable[Subscriber] = (),
) -> tuple[Subscriber, ...]:
    """Read who shall hear the topic besides those that are ``known``; ``only``: ``ENDPOINT=LEVEL``. Raises ``Refused``."""
    before = {(one.protocol, one.endpoint): one.least for one in known}
    found = {
        *(Subscriber(*key) for key in before),
        *(
            Subscriber("email", _read(_MAIL, one, say("a mail address looks like ops@example.com")))
            for one in mails
        ),
        *(
            Subscriber("sms", _read(_PHONE, one, say("a phone's number looks like +819012345678")))
            for one in phones
        ),
        *(Subscriber("https", _read_web(one)) for one in webs),
        *map(_by_arn, arns),
    }
    least = dict(map(_read_least, only))
    for endpoint in least:
        if all(one.endpoint != endpoint for one in found):
            raise _wrong(endpoint, say("--only names somebody who is not subscribed here"))
    return tuple(
        sorted(
            Subscriber(
                one.protocol,
                one.endpoint,
                least.get(one.endpoint, before.get((one.protocol, one.endpoint))),
            )
            for one in found
        )
    )


def _read_web(url: str) -> str:
    return _read(_WEB, url, say("SNS posts to an https address, which has no user and no fragment"))


def _by_arn(arn: str) -> Subscriber:
    if found := _ARN.fullmatch(arn):
        return Subscriber(found["service"], arn)
    raise _wrong(arn, say("it is not the ARN of an SQS queue or a Lambda function"))


def _read_least(text: str) -> tuple[str, Level]:
    endpoint, _, word = text.rpartition("=")
    levels = {level.word: level for level in Level}
    if not endpoint or word not in levels:
        why = say("--only is given as ENDPOINT=LEVEL, with one of {levels}", levels=", ".join(levels))
        raise _wrong(text, why)
    return endpoint, levels[word]


def _read(pattern: re.Pattern[str], text: str, why: Sentence) -> str:
    if pattern.fullmatch(text):
        return text
    raise _wrong(text, why)


def _wrong(text: str, why: Sentence) -> Refused:
    return Refused(say("{text} cannot be taken: {why}.", text=repr(text[:_SHOWN]), why=why))
