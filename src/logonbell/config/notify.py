"""Who is told, of what, and at what pace: the tables under ``notify``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from logonbell.alert import Level
from logonbell.config.key import Section, key, required
from logonbell.config.kinds import (
    APPRISE,
    ARN,
    BURST,
    DOORS,
    FLAG,
    FORM,
    LABEL,
    LEVEL,
    MINUTES,
    PATH,
    REGION,
    RULE_NAMES,
    SECONDS,
    SINGLES,
    SPAN,
    TARGET,
    URL,
    USERS,
    VARIABLE,
)
from logonbell.filter import Filter
from logonbell.logon import Door
from logonbell.notifiers.forms import Form
from logonbell.notifiers.target import Target
from logonbell.notifiers.topic import read_topic
from logonbell.pace import Limits
from logonbell.sentence import Sentence, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtering(Section):
    """What a notifier is told; without it, all that rings. An alert must pass every key that is set.

    What is not known passes: a logon whose groups are not audited may be a domain admin's. Notices of logonbell about
    itself are held to `level` and `rules` only.
    """

    level: Level = key(
        LEVEL,
        Level.INFORMATIONAL,
        example='"high"',
        shown='"informational"',
        means='The least level: "informational", "low", "medium", "high" or "critical".',
    )
    doors: frozenset[Door] = key(
        DOORS,
        frozenset(),
        example='["rdp", "ssm-shell"]',
        shown="all",
        means="Only what came by one of these doors. What has no door, as a cleared log, does not pass.",
    )
    rules: frozenset[str] = key(
        RULE_NAMES,
        frozenset(),
        example='["logon", "log-cleared"]',
        shown="all",
        means="Only what one of these rules rang.",
    )
    users: frozenset[str] = key(
        USERS,
        frozenset(),
        example=r"['CONTOSO\alice', 'S-1-5-21-1004336348-1177238915-682003330-1105']",
        shown="all",
        means=r"Only what names one of these users: by name, as DOMAIN\name, by SID or by IAM principal, in any case.",
    )
    domain_admin: bool = key(
        FLAG, False, example="true", shown="false", means="Only logons of domain admins."
    )

    @property
    def filter(self) -> Filter:
        """As the outbox asks it."""
        doors = frozenset(str(door) for door in self.doors)
        return Filter(self.level, doors, self.rules, self.users, self.domain_admin)


_EVERYTHING = Filtering()


def _filter() -> Any:
    return field(default=_EVERYTHING, metadata={"section": Filtering})


def _name(kind: str) -> Any:
    return key(
        LABEL,
        kind,
        example=f'"{kind}"',
        shown=f'"{kind}"',
        means="By which status and outbox know it. Renamed, it is a new notifier: what waits for the old name stays there.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToConsole(Section):
    """Alerts on the console."""

    enabled: bool = key(
        FLAG,
        True,
        example="false",
        shown="true",
        means="Whether alerts are written to the console (standard output).",
    )
    paced: bool = key(
        FLAG,
        False,
        example="true",
        shown="false",
        means="Whether the console keeps the pace of [notify.pace], too; else every alert is written at once.",
    )
    filter: Filtering = _filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSns(Section):
    """Alerts through Amazon SNS; without this table none are published.

    Credentials are boto3's own: a role of the machine, or the AWS configuration.
    """

    repeated: ClassVar[bool] = True

    topic_arn: str = required(
        ARN,
        example='"arn:aws:sns:ap-northeast-1:123456789012:logonbell"',
        means="The topic to which alerts are published.",
    )
    region: str | None = key(
        REGION, None, example='"ap-northeast-1"', shown="the topic's", means="The region whose SNS is asked."
    )
    endpoint_url: str | None = key(
        URL,
        None,
        example='"https://vpce-0123-abcd.sns.ap-northeast-1.vpce.amazonaws.com"',
        shown="AWS's own",
        means="Where SNS is, for an emulator or a VPC endpoint. What is set here receives every alert: with http "
        "anyone on the way reads and changes them, so http is for an emulator on this machine only.",
    )
    format: Form = key(
        FORM,
        Form.PER_PROTOCOL,
        example='"chat"',
        shown='"per-protocol"',
        means='What subscribers get: "per-protocol": mail the whole text, phones one part of an SMS, queues, functions and '
        'web hooks [a JSON object](message.md); "chat": the same, but HTTPS subscribers the schema of Amazon Q '
        'Developer in chat applications (Slack, Teams); "text" or "json": all of them the whole text, or the JSON '
        "object. Where a subscription has a filter policy by attributes, take one of the last two: AWS documents that "
        "attributes are not sent with different texts for each protocol.",
    )
    ascii_subject: bool = key(
        FLAG,
        False,
        example="true",
        shown="false",
        means="Whether subjects are written in English with ASCII only, for receivers that cannot show others.",
    )
    daily_check: bool = key(
        FLAG,
        True,
        example="true",
        shown="true",
        means="Whether `watch` looks after the topic once a day, and rings when a subscription has vanished.",
    )
    canary: bool = key(
        FLAG,
        False,
        example="true",
        shown="false",
        means="Whether a message marked as canary is sent once a day; one that SNS has not taken by the next day rings.",
    )
    name: str = _name("sns")
    filter: Filtering = _filter()

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """SNS knows a topic in its own region only."""
        topic = read_topic(self.topic_arn)
        if self.region not in {None, topic.region}:
            yield (
                "region",
                say("is {given}, but the topic is in {region}", given=self.region, region=topic.region),
            )
        if self.canary and not self.daily_check:
            yield "canary", say("is true, but daily_check, which sends it, is false")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToWebhook(Section):
    """Alerts posted to a web address as JSON, signed: [what receivers are promised](webhook.md)."""

    repeated: ClassVar[bool] = True

    url: Target = required(
        TARGET,
        example='"https://alerts.example.com/logonbell"',
        means="Where alerts are posted: https, or http on this machine. Its path and query are shown to nobody.",
    )
    key_file: Path | None = key(
        PATH,
        None,
        example=r"'C:\ProgramData\logonbell\webhook.key'",
        shown="none",
        means="The file with the keys that sign, one a line. Others may not be allowed to read it.",
    )
    key_env: str | None = key(
        VARIABLE,
        None,
        example='"LOGONBELL_WEBHOOK_KEY"',
        shown="none",
        means="The environment variable with the keys that sign, in place of `key_file`.",
        instead="key_file",
    )
    ca_file: Path | None = key(
        PATH,
        None,
        example="'corporate-ca.pem'",
        shown="this machine's",
        means="The certificates that vouch for the receiver, in PEM, in place of those that this machine trusts.",
    )
    name: str = _name("webhook")
    filter: Filtering = _filter()

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """A key must be somewhere, and in one place."""
        if self.key_file is None and self.key_env is None:
            yield "key_file", say("is missing, and so is key_env: one of them says where the key is")
        if self.key_file is not None and self.key_env is not None:
            yield "key_env", say("is given, and so is key_file: the key is in one place")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToApprise(Section):
    """Alerts through [apprise](https://appriseit.com/services/): Slack, Teams and the rest.

    It is an extra: `pip install 'logonbell[apprise]'`. Each address has a table of its own, so that none is told twice
    because another was not reached.
    """

    repeated: ClassVar[bool] = True

    url: str | None = key(
        APPRISE,
        None,
        example='"slack://T0000/B0000/XXXX"',
        shown="none",
        means="The address itself, in place of `url_file`. It mostly holds a secret, which then stands in the settings.",
        instead="url_file",
        secret=True,
    )
    url_file: Path | None = key(
        PATH,
        None,
        example=r"'C:\ProgramData\logonbell\slack.url'",
        shown="none",
        means="The file with the address as apprise writes it. Others may not be allowed to read it.",
    )
    name: str = _name("apprise")
    filter: Filtering = _filter()

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """The address must be somewhere, and in one place."""
        if self.url is None and self.url_file is None:
            yield "url", say("is missing, and so is url_file: one of them says what the address is")
        if self.url is not None and self.url_file is not None:
            yield "url_file", say("is given, and so is url: the address is in one place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace(Section):
    """How much a person is sent, by each notifier. Why: docs/decisions/pace.md."""

    singles_a_minute: int = key(
        SINGLES,
        10,
        example="20",
        shown="10",
        means="How many alerts are told one by one in a minute; the others share a digest. Critical alerts have as many "
        "of their own.",
    )
    messages_a_second: int = key(
        BURST,
        5,
        example="3",
        shown="5",
        means="How many messages are sent in a second at most. SNS may delete a mail subscription that gets more than "
        "10: where several hosts share a topic, share this among them.",
    )
    repeat_minutes: int = key(
        SPAN,
        10,
        example="30",
        shown="10",
        means="For how long the same (host, rule, door, user, principal, address) is told only once; what came "
        "meanwhile is counted and told as one message at the end. Critical alerts are always told; with 0, all are.",
    )
    digest_seconds: int = key(
        SECONDS, 60, example="120", shown="60", means="How many seconds lie between two digests."
    )
    critical_digest_seconds: int = key(
        SECONDS,
        10,
        example="30",
        shown="10",
        means="How many seconds lie between two digests of critical alerts.",
    )
    late_minutes: int = key(
        MINUTES,
        5,
        example="15",
        shown="5",
        means="How old an event is when its alert is told late, as after downtime: such alerts share one digest.",
    )

    @property
    def limits(self) -> Limits:
        """As ``pace.decide`` wants it."""
        return Limits(
            singles=self.singles_a_minute,
            burst=self.messages_a_second,
            repeats=timedelta(minutes=self.repeat_minutes),
            digest=timedelta(seconds=self.digest_seconds),
            critical_digest=timedelta(seconds=self.critical_digest_seconds),
            backlog=timedelta(minutes=self.late_minutes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Section):
    """Whom alerts reach."""

    console: ToConsole = field(default=ToConsole(), metadata={"section": ToConsole})
    sns: tuple[ToSns, ...] = field(default=(), metadata={"section": ToSns})
    webhook: tuple[ToWebhook, ...] = field(default=(), metadata={"section": ToWebhook})
    apprise: tuple[ToApprise, ...] = field(default=(), metadata={"section": ToApprise})
    pace: Pace = field(default=Pace(), metadata={"section": Pace})

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """Each notifier has its own delivery rows, so each has its own name."""
        names = {"console"}
        named: list[tuple[str, ToSns | ToWebhook | ToApprise]] = [
            *(("sns", table) for table in self.sns),
            *(("webhook", table) for table in self.webhook),
            *(("apprise", table) for table in self.apprise),
        ]
        for kind, table in named:
            if table.name in names:
                yield kind, say("holds a second notifier called {name}: give each its own", name=table.name)
            names.add(table.name)

    @property
    def filters(self) -> Mapping[str, Filter]:
        """What each notifier is told, by its name."""
        tables: list[ToSns | ToWebhook | ToApprise] = [*self.sns, *self.webhook, *self.apprise]
        return {
            "console": self.console.filter.filter,
            **{table.name: table.filter.filter for table in tables},
        }
