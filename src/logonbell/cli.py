"""Arguments in, exit code out."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logonbell import __version__
from logonbell.cloud.eyes import NAMES
from logonbell.cloud.wanted import STACK
from logonbell.commands.desk import INTERRUPTED, MENDABLE, OURS, Desk
from logonbell.errors import Refused
from logonbell.logon import Door
from logonbell.sentence import Sentence, say
from logonbell.text.escape import Shown
from logonbell.text.language import LANGUAGES, speak

if TYPE_CHECKING:
    from logonbell.config.settings import Config

_READER_GONE = {errno.EPIPE, errno.EINVAL}  # the latter on Windows
_OUTPUT_LOST = _READER_GONE | {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
CONFIG = (
    Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "logonbell", "logonbell.toml")
    if sys.platform == "win32"
    else Path("/etc/logonbell/logonbell.toml")
)

# Whether it may be read is found out by who reads it, and told in the user's language.
_path = click.Path(path_type=Path, readable=False)
_config = click.option(
    "--config",
    "config_path",
    type=_path,
    default=CONFIG,
    show_default=True,
    help="The settings; ssm:NAME reads them from the SSM Parameter Store.",
)
_language = click.option(
    "--lang", type=click.Choice(LANGUAGES), help="The language; else the settings', else that of the locale."
)
_format = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl"]),
    default="table",
    show_default=True,
    help="For whom.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="logonbell")
def logonbell() -> None:
    """Rings within a second when someone gets onto your bastion, and says who, and by which door."""


@logonbell.command()
@click.argument("paths", nargs=-1, type=_path, metavar="[LOG]...")
@click.option("--channel", "channels", multiple=True, help="Without LOG: this channel of the live event log.")
@click.option("--since", help="With --channel: only from this time on: 7d, 12h, 90m ago, or 2026-03-03.")
@click.option(
    "--rule",
    "on",
    multiple=True,
    help="Switch on a rule that is shipped off.",
)
@_format
@_language
def read(
    *,
    paths: tuple[Path, ...],
    channels: tuple[str, ...],
    since: str | None,
    on: tuple[str, ...],
    form: str,
    lang: str | None,
) -> int:
    """Tell who came in, by which door, from logs as files (or folders of them), or from the live event log.

    Read are event logs of Windows, auth.log and secure of Linux, as they are or compressed, and what journalctl -o json
    or -o export wrote. Lines that tell no time zone are taken for this machine's; another is named so: TZ=Asia/Tokyo.
    """
    if channels and not paths:
        from logonbell.commands.read_channel import read as live  # noqa: PLC0415 - a command loads what it needs, no more

        return _run(_desk(lang), lambda desk: live(desk, channels, since, as_lines=form == "jsonl", on=on))
    if channels or since is not None or not paths:
        return _desk(lang).refuse(
            Refused(
                say("What is to be read? Either files, or channels of the live event log."),
                say("As in: logonbell read Security.evtx, or: logonbell read --channel Security --since 7d"),
            )
        )
    from logonbell.commands.read import read as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run(_desk(lang), lambda desk: run(desk, paths, as_lines=form == "jsonl", on=on))


@logonbell.command()
@click.argument("paths", nargs=-1, type=_path, metavar="[LOG]...")
@click.option("--record", type=int, help="Only this record, and what it belongs to.")
@click.option("--number", type=int, help="Without LOG: only the alert of this number.")
@click.option("--fingerprint", help="Without LOG: only the alert of this fingerprint.")
@_config
@_format
@_language
def explain(
    *,
    paths: tuple[Path, ...],
    record: int | None,
    number: int | None,
    fingerprint: str | None,
    config_path: Path,
    form: str,
    lang: str | None,
) -> int:
    """Tell what each event was taken for, into what it was folded, and why it rings or not.

    Without LOG, tell of the agent's own newest alerts what became of each: told when, in which digest, waiting for
    what, silenced by whom, given up why.
    """
    from logonbell.commands.explain import explain as run  # noqa: PLC0415 - a command loads what it needs, no more

    if paths and (number is not None or fingerprint is not None):
        return _desk(lang).refuse(
            Refused(
                say("A log holds no alerts, so it knows no number and no fingerprint."),
                say("Leave LOG out to ask the agent's own state, or name a record: --record"),
            )
        )
    if paths:
        return _run(_desk(lang), lambda desk: run(desk, paths, record=record, as_lines=form == "jsonl"))
    from logonbell.commands.stories import Asked, stories  # noqa: PLC0415 - likewise

    asked = Asked(number, fingerprint, record)
    return _run_as_set(
        config_path, lang, lambda desk, config: stories(desk, config, asked, as_lines=form == "jsonl")
    )


@logonbell.command()
@_config
@click.option(
    "--once",
    is_flag=True,
    help="Read everything since the bookmark, deliver, and end; with 1 if an alert was not taken.",
)
@click.option(
    "--log",
    type=_path,
    help="A file for what it remarks, of 2 MB, and five older; warnings in Windows' log, too.",
)
@_language
def watch(config_path: Path, once: bool, log: Path | None, lang: str | None) -> int:
    """Follow the sources and ring; never send an alert twice."""
    from logonbell.commands.safety import Started  # noqa: PLC0415 - a command loads what it needs, no more
    from logonbell.commands.watch import watch as run  # noqa: PLC0415 - a command loads what it needs, no more

    started = Started.by_machine(os.environ, config_path) if sys.flags.isolated else Started(config_path)
    return _run_as_set(config_path, lang, lambda desk, config: run(desk, config, started, once=once, log=log))


@logonbell.command()
@_config
@_language
def test(config_path: Path, lang: str | None) -> int:
    """Ring once through every configured notifier, and say what came back."""
    from logonbell.commands.ring import ring as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, run)


@logonbell.command()
@_config
@click.option(
    "--check",
    is_flag=True,
    help="For monitoring: say only why a logon might not ring, and end with 1 if there is a reason.",
)
@_format
@_language
def status(*, config_path: Path, check: bool, form: str, lang: str | None) -> int:
    """Say how far it has read, what waits, what was delivered, and what went wrong last.

    Reasons why a logon might not ring: nobody has watched for three minutes; a log holds a record that matches the query
    and has not been read for a minute; a log cannot be followed; a message has not got through for five minutes, or was
    given up.
    """
    from logonbell.commands.status import status as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(
        config_path, lang, lambda desk, config: run(desk, config, as_lines=form == "jsonl", check=check)
    )


@logonbell.command()
@_config
@_format
@_language
def who(config_path: Path, form: str, lang: str | None) -> int:
    """Tell who is on now, since when, by which door, as whom."""
    from logonbell.commands.who import who as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, lambda desk, config: run(desk, config, as_lines=form == "jsonl"))


@logonbell.group(invoke_without_command=True)
@_config
@click.option("--user", help="Only whose name, SID or principal holds this.")
@click.option("--door", type=click.Choice([str(door) for door in Door]), help="Only by this door.")
@click.option("--since", help="Only from this time on: 7d, 12h, 90m ago, or 2026-03-03.")
@click.option("--until", help="Only before this time.")
@_format
@_language
@click.pass_context
def history(
    context: click.Context,
    *,
    config_path: Path,
    user: str | None,
    door: str | None,
    since: str | None,
    until: str | None,
    form: str,
    lang: str | None,
) -> int | None:
    """List the logons that were kept."""
    if context.invoked_subcommand is not None:
        context.default_map = {context.invoked_subcommand: {"config_path": config_path}}
        return None
    from logonbell.commands.history import Asked  # noqa: PLC0415 - a command loads what it needs, no more
    from logonbell.commands.history import history as run  # noqa: PLC0415 - likewise

    asked = Asked(user, door, since, until)
    return _run_as_set(
        config_path, lang, lambda desk, config: run(desk, config, asked, as_lines=form == "jsonl")
    )


@history.command("verify")
@_config
@click.option(
    "--against", multiple=True, type=_path, help="Messages that were saved, or a folder of them: do they fit?"
)
@_format
@_language
def history_verify(config_path: Path, against: tuple[Path, ...], form: str, lang: str | None) -> int:
    """Find what was removed from the history, changed or put into it, and say where."""
    from logonbell.commands.history_verify import verify as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(
        config_path, lang, lambda desk, config: run(desk, config, against, as_lines=form == "jsonl")
    )


@logonbell.command()
@click.argument("paths", nargs=-1, type=_path, metavar="[MESSAGES]...")
@click.option("--queue", help="The URL of an SQS queue whose messages are looked at, too.")
@click.option("--region", help="The queue's region, where its URL does not say it.")
@click.option("--endpoint-url", help="Where SQS is asked, if not at AWS.")
@click.option(
    "--save-to",
    type=_path,
    help="Take the messages out of the queue, each once it is written to this file; else they stay in it.",
)
@click.option(
    "--history", "state", type=_path, help="A state folder, or a copy of one: does its history fit?"
)
@click.option(
    "--since", help="Only messages that were sent from this time on: 7d, 12h, 90m ago, or 2026-03-03."
)
@click.option("--within", help="Each host must have been heard within this time: 26h.")
@_format
@_language
def verify(
    *,
    paths: tuple[Path, ...],
    queue: str | None,
    region: str | None,
    endpoint_url: str | None,
    save_to: Path | None,
    state: Path | None,
    since: str | None,
    within: str | None,
    form: str,
    lang: str | None,
) -> int:
    """Prove from the messages that were received that none is missing and nothing was tampered with.

    MESSAGES are files or folders: JSON messages, one or one a line, as queues, functions and web hooks get them, or mails
    (.eml). It needs no settings, and belongs on another machine than the one that is watched.
    """
    from logonbell.commands.verify import Asked  # noqa: PLC0415 - a command loads what it needs, no more
    from logonbell.commands.verify import verify as run  # noqa: PLC0415 - likewise

    asked = Asked(paths, queue, region, endpoint_url, save_to, state, since, within)
    return _run(_desk(lang), lambda desk: run(desk, asked, as_lines=form == "jsonl"))


@logonbell.group()
def topic() -> None:
    """Look after the SNS topics: whether anybody hears them, and that it stays so."""


@topic.command("check")
@_config
@_format
@_language
def topic_check(config_path: Path, form: str, lang: str | None) -> int:
    """Say whether each topic exists, who hears it, and what may keep it from being heard. Sends nothing."""
    from logonbell.commands.topic import check as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, lambda desk, config: run(desk, config, as_lines=form == "jsonl"))


@topic.command("confirm")
@click.argument("link", metavar="TOKEN|URL")
@_config
@click.option("--notifier", help="The name of the notifier whose topic it is, where a token does not say it.")
@_language
def topic_confirm(link: str, config_path: Path, notifier: str | None, lang: str | None) -> int:
    """Confirm a subscription so that no mail scanner can end it (AuthenticateOnUnsubscribe)."""
    from logonbell.commands.topic import confirm as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, lambda desk, config: run(desk, config, link, name=notifier))


@logonbell.group()
def cloud() -> None:
    """Set up the AWS side as one CloudFormation stack: the topic, who hears it, and the cloud's own eye."""


def _stack_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that say what the stack holds."""
    options = [
        click.option("--email", "mails", multiple=True, help="A mailbox that hears the topic."),
        click.option("--sms", "phones", multiple=True, help="A phone that hears it: +819012345678."),
        click.option("--https", "webs", multiple=True, help="A web hook that hears it."),
        click.option(
            "--subscribe", "arns", multiple=True, help="A queue (SQS) or a function (Lambda), by ARN."
        ),
        click.option(
            "--only", multiple=True, metavar="ENDPOINT=LEVEL", help="This one hears nothing below this level."
        ),
        click.option("--role", "roles", multiple=True, help="A role of the hosts, which gets the policy."),
        click.option("--hosts", help="Hosts whose heartbeat is watched: tag:Role=bastion."),
        click.option("--topic", "topic_name", help="The topic's name; else logonbell."),
        click.option("--topic-arn", help="A topic that is there already, adopted as it is."),
        click.option("--kms/--no-kms", default=None, help="Encrypt the topic with a key of its own."),
        click.option("--organization", help="An organization (o-...) whose accounts may publish, too."),
        click.option("--parameter", help="A parameter of the SSM Parameter Store for the hosts' settings."),
        click.option(
            "--may",
            multiple=True,
            type=click.Choice(["look", "sessions"]),
            help="What hosts may do besides: look who hears the topic; read a session's reason.",
        ),
        click.option(
            "--without",
            "silent",
            multiple=True,
            type=click.Choice(NAMES),
            help="What AWS's own eye shall not ring for.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _stack_place(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that say which stack it is about."""
    command = click.option("--region", help="The region; else that of the AWS configuration.")(command)
    return click.option("--stack", default=STACK, show_default=True, help="The stack's name.")(command)


@cloud.command("up")
@_stack_options
@click.option(
    "--remove",
    "removed",
    multiple=True,
    metavar="WHO",
    help="A subscriber or a role that is taken away again.",
)
@click.option(
    "--with",
    "heard",
    multiple=True,
    type=click.Choice(NAMES),
    help="What AWS's own eye shall ring for again.",
)
@_stack_place
@click.option(
    "--wait",
    "minutes",
    type=click.FloatRange(0, 24 * 60),
    default=15,
    show_default=True,
    help="Minutes to wait for mailboxes to confirm; Ctrl+C ends it.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_language
def cloud_up(
    *, stack: str, region: str | None, minutes: float, yes: bool, lang: str | None, **options: Any
) -> int:
    """Set the AWS side up, or change it: what would change is shown first. What is not named stays as it is.

    Then it waits until a mailbox has confirmed, rings once, and prints the settings for the hosts.
    """
    from logonbell.commands.cloud_asked import Asked  # noqa: PLC0415 - a command loads what it needs, no more
    from logonbell.commands.cloud_up import Where, up  # noqa: PLC0415 - likewise

    asked, where = Asked(**options), Where(stack=stack, region=region)
    return _run(
        _desk(lang),
        lambda desk: up(desk, asked, where, language=lang, yes=yes, minutes=minutes, answers=sys.stdin),
    )


@cloud.command("down")
@_stack_place
@click.option("--keep-topic", is_flag=True, help="Keep the topic and who hears it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_language
def cloud_down(*, stack: str, region: str | None, keep_topic: bool, yes: bool, lang: str | None) -> int:
    """Take the AWS side down. An adopted topic stays as it is."""
    from logonbell.commands.cloud_up import Where, down  # noqa: PLC0415 - a command loads what it needs, no more

    where = Where(stack=stack, region=region)
    return _run(
        _desk(lang), lambda desk: down(desk, where, keep_topic=keep_topic, yes=yes, answers=sys.stdin)
    )


@cloud.command("status")
@_stack_place
@_format
@_language
def cloud_status(*, stack: str, region: str | None, form: str, lang: str | None) -> int:
    """Say how the stack stands, who hears the topic, whether a trail records, which hosts are heard, and what drifted.

    Changes and sends nothing. Ends with 1 where something is bad.
    """
    from logonbell.commands.cloud_status import status as run  # noqa: PLC0415 - a command loads what it needs, no more
    from logonbell.commands.cloud_up import Where  # noqa: PLC0415 - likewise

    where = Where(stack=stack, region=region)
    return _run(_desk(lang), lambda desk: run(desk, where, as_lines=form == "jsonl"))


@cloud.command("template")
@_stack_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="As what it is printed.",
)
@_language
def cloud_template(*, form: str, lang: str | None, **options: Any) -> int:
    """Print the stack's template, to review it, or to hand it to the AWS CLI, StackSets, CDK or Terraform.

    What AWS itself tells is in the language of the template (--lang).
    """
    from logonbell.commands.cloud import template  # noqa: PLC0415 - a command loads what it needs, no more
    from logonbell.commands.cloud_asked import Asked  # noqa: PLC0415 - likewise

    return _run(_desk(lang), lambda desk: template(desk, Asked(**options), form=form))


@cloud.command("policy")
@_stack_options
@click.option("--key-arn", help="The key of the topic, where it is encrypted.")
@click.option("--for-setup", is_flag=True, help="What whoever runs `cloud up` must be allowed, instead.")
@click.option("--stack", default=STACK, show_default=True, help="With --for-setup: the stack's name.")
@click.option("--account", default="*", help="With --for-setup: the account.")
@click.option("--region", default="*", help="With --for-setup: the region.")
@_language
def cloud_policy(
    *,
    key_arn: str | None,
    for_setup: bool,
    stack: str,
    account: str,
    region: str,
    lang: str | None,
    **options: Any,
) -> int:
    """Print what a host may do, as an IAM policy; with --for-setup what setting up needs. Nothing of it is wider."""
    from logonbell.commands.cloud import host_policy, setup_policy  # noqa: PLC0415 - likewise
    from logonbell.commands.cloud_asked import Asked  # noqa: PLC0415 - likewise

    asked = Asked(**options)
    if for_setup:
        return _run(
            _desk(lang),
            lambda desk: setup_policy(desk, asked, stack=stack, account=account, region=region),
        )
    return _run(_desk(lang), lambda desk: host_policy(desk, asked, key_arn=key_arn))


@logonbell.group()
def silence() -> None:
    """Keep expected alerts from being told for a while, with a reason; what is critical rings all the same."""


@silence.command("add")
@_config
@click.option(
    "--door", "doors", multiple=True, type=click.Choice([str(door) for door in Door]), help="This door."
)
@click.option(
    "--user", "users", multiple=True, help="This user: a name, with its domain or without, or a SID."
)
@click.option("--address", "addresses", multiple=True, help="From this address or network.")
@click.option("--host", "hosts", multiple=True, help="On this host, by the name that its logs carry.")
@click.option("--rule", "rules", multiple=True, help="Of this rule.")
@click.option("--principal", "principals", multiple=True, help="SSM sessions of this IAM principal.")
@click.option("--all", "everything", is_flag=True, help="Everything that is not critical.")
@click.option("--from", "begins", help="From when on: 18:00, 2h or 2026-03-03T17:05; else now.")
@click.option("--until", "ends", required=True, help="Until when: 18:00, 2h or 2026-03-03T17:05.")
@click.option("--because", required=True, help="Why.")
@_language
def silence_add(
    *,
    config_path: Path,
    doors: tuple[str, ...],
    users: tuple[str, ...],
    addresses: tuple[str, ...],
    hosts: tuple[str, ...],
    rules: tuple[str, ...],
    principals: tuple[str, ...],
    everything: bool,
    begins: str | None,
    ends: str,
    because: str,
    lang: str | None,
) -> int:
    """Add a silence. Of each option given, one value must fit.

    That it was added rings; it holds nothing back before a notifier has taken that message.
    """
    from logonbell.commands.silence import Asked, add  # noqa: PLC0415 - a command loads what it needs, no more

    asked = Asked(doors, users, addresses, hosts, rules, principals, everything, begins, ends, because)
    return _run_as_set(config_path, lang, lambda desk, config: add(desk, config, asked))


@silence.command("list")
@_config
@_format
@_language
def silence_list(config_path: Path, form: str, lang: str | None) -> int:
    """List the silences that are on, are to come, or ended within a week, and what they held back."""
    from logonbell.commands.silence import show  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, lambda desk, config: show(desk, config, as_lines=form == "jsonl"))


@silence.command("end")
@click.argument("number", type=int)
@_config
@_language
def silence_end(number: int, config_path: Path, lang: str | None) -> int:
    """End a silence before its time. That rings, too."""
    from logonbell.commands.silence import end  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, lambda desk, config: end(desk, config, number))


@logonbell.group()
def rules() -> None:
    """See the Sigma rules, shipped and your own; check them, and try them on logs."""


@rules.command("list")
@_config
@_format
@_language
def rules_list(config_path: Path, form: str, lang: str | None) -> int:
    """List the rules, and which are active."""
    from logonbell.commands.rules import show_all  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_if_set(
        config_path, lang, lambda desk, config: show_all(desk, config, as_lines=form == "jsonl")
    )


@rules.command("show")
@click.argument("name", metavar="RULE")
@_config
@_format
@_language
def rules_show(name: str, config_path: Path, form: str, lang: str | None) -> int:
    """Show a rule, by its name, id or title: what it catches, what else it may ring for, what it looks at."""
    from logonbell.commands.rules import show  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_if_set(
        config_path, lang, lambda desk, config: show(desk, config, name, as_lines=form == "jsonl")
    )


@rules.command("check")
@click.argument("places", nargs=-1, required=True, type=_path, metavar="FILE...")
@_config
@_language
def rules_check(places: tuple[Path, ...], config_path: Path, lang: str | None) -> int:
    """Name every mistake in files of Sigma rules, or folders of them, with its line."""
    from logonbell.commands.rules import check  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_if_set(config_path, lang, lambda desk, config: check(desk, places, config))


@rules.command("test")
@click.argument("logs", nargs=-1, required=True, type=_path, metavar="LOG...")
@click.option(
    "--rules",
    "places",
    multiple=True,
    type=_path,
    help="These files or folders of rules, not the active ones.",
)
@_config
@_format
@_language
def rules_test(
    *, logs: tuple[Path, ...], places: tuple[Path, ...], config_path: Path, form: str, lang: str | None
) -> int:
    """Run rules over event log files, and say of each how often and on which records it fires."""
    from logonbell.commands.rules import test as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_if_set(
        config_path,
        lang,
        lambda desk, config: run(desk, config, logs, places, as_lines=form == "jsonl"),
    )


@logonbell.group()
def outbox() -> None:
    """See what does not get through, try it again, or drop it."""


@outbox.command("list")
@_config
@_format
@_language
def outbox_list(config_path: Path, form: str, lang: str | None) -> int:
    """List the messages that are pending or were given up, and why."""
    from logonbell.commands.outbox import show  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, lambda desk, config: show(desk, config, as_lines=form == "jsonl"))


@outbox.command("retry")
@click.argument("messages", nargs=-1, type=int, metavar="[MESSAGE]...")
@_config
@_language
def outbox_retry(messages: tuple[int, ...], config_path: Path, lang: str | None) -> int:
    """Try messages again that were given up: these, or all of them."""
    from logonbell.commands.outbox import retry  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, lambda desk, config: retry(desk, config, messages))


@outbox.command("drop")
@click.argument("messages", nargs=-1, type=int, metavar="[MESSAGE]...")
@click.option(
    "--notifier", help="All that this notifier has not delivered, as when it was taken out of the settings."
)
@click.option("--because", required=True, help="Why; the next message tells it.")
@_config
@_language
def outbox_drop(
    *, messages: tuple[int, ...], notifier: str | None, because: str, config_path: Path, lang: str | None
) -> int:
    """Drop messages that are pending or were given up. The alerts stay in the history."""
    from logonbell.commands.outbox import drop  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(
        config_path,
        lang,
        lambda desk, config: drop(desk, config, messages, notifier=notifier, because=because),
    )


@logonbell.command("check-config")
@_config
@_language
def check_config(config_path: Path, lang: str | None) -> int:
    """Name every mistake of the settings at once."""
    from logonbell.commands.check_config import check_config as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(config_path, lang, lambda desk, _: run(desk, config_path))


@logonbell.command()
@click.option(
    "--config",
    "config_path",
    type=_path,
    help="The settings to install; else those installed before, or new ones.",
)
@click.option("--topic-arn", help="The SNS topic that rings, in new settings.")
@click.option(
    "--on-event",
    is_flag=True,
    help="On Windows: run at each event only, as the recipe does, and not all the time.",
)
@click.option("--dry-run", is_flag=True, help="Only show the steps.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_language
def install(
    *,
    config_path: Path | None,
    topic_arn: str | None,
    on_event: bool,
    dry_run: bool,
    yes: bool,
    lang: str | None,
) -> int:
    """Set logonbell up on this machine: folders, settings, what must be audited, a scheduled task, a first ring.

    On Linux a unit of systemd is in the place of the task, and nothing need be audited.

    The steps are shown first. A second time it does what is not so any more, and nothing else.
    """
    from logonbell.commands.install import Asked, install as run, own_machine  # noqa: I001, PLC0415 - a command loads what it needs, no more

    asked = Asked(config_path, topic_arn, on_event=on_event, dry_run=dry_run, yes=yes)
    return _run(_desk(lang), lambda desk: run(desk, own_machine(), asked, sys.stdin))


@logonbell.command()
@click.option("--keep", is_flag=True, help="Keep the folder with settings, history and log.")
@click.option("--dry-run", is_flag=True, help="Only show the steps.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_language
def uninstall(*, keep: bool, dry_run: bool, yes: bool, lang: str | None) -> int:
    """Put everything back as it was before `install`: audit policy and task, or the unit, and remove the history."""
    from logonbell.commands.install import own_machine, uninstall as run  # noqa: I001, PLC0415 - likewise

    return _run(
        _desk(lang),
        lambda desk: run(desk, own_machine(), keep=keep, dry_run=dry_run, yes=yes, answers=sys.stdin),
    )


@logonbell.command()
@_config
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For whom.",
)
@click.option("--ring", "rings", is_flag=True, help="Send a test alert through each notifier, too.")
@_language
def doctor(*, config_path: Path, form: str, rings: bool, lang: str | None) -> int:
    """Name every reason why a logon might not ring, each with its remedy. Changes nothing, and sends nothing unasked.

    Ends with 0 where nothing keeps a logon from ringing, with 1 where something does.
    """
    from logonbell.commands.doctor import doctor as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run_as_set(
        config_path, lang, lambda desk, config: run(desk, config, as_json=form == "json", rings=rings)
    )


@logonbell.command("report-shape")
@click.argument("paths", nargs=-1, type=_path, metavar="[LOG]...")
@click.option("--since", help="Without LOG: from this time on, as 7d, 12h or 90m ago; else the last hour.")
@_language
def report_shape(paths: tuple[Path, ...], since: str | None, lang: str | None) -> int:
    """Print what Windows writes about logons, without whom it is about, for a report to logonbell's makers.

    Names, SIDs, addresses, numbers of sessions and processes, texts and times are replaced, the same always by the same;
    event ids, versions, fields and their order, well-known names and SIDs, and distances of time stay.
    """
    if paths and since is not None:
        return _desk(lang).refuse(
            Refused(
                say("Files are shown whole: --since is for the live event log."),
                say("As in: logonbell report-shape Security.evtx, or: logonbell report-shape --since 2h"),
            )
        )
    from logonbell.commands.report_shape import report_shape as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run(_desk(lang), lambda desk: run(desk, paths, since))


@logonbell.command()
@_language
def demo(lang: str | None) -> int:
    """Show, in under a minute, a bastion's day as the usual recipe mails it and as logonbell rings, and an attack."""
    from logonbell.commands.demo import demo as run  # noqa: PLC0415 - a command loads what it needs, no more

    return _run(_desk(lang), run)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 1 for what the user can mend, 3 for our own faults."""
    _have_streams()
    try:
        code: Any = logonbell.main(arguments, prog_name="logonbell", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.ClickException as error:
        error.show(_desk(None).err)  # type: ignore[arg-type]  # it has what click asks of a file
        return MENDABLE
    except OSError as error:
        if error.errno not in _OUTPUT_LOST or error.filename is not None:
            return _own_fault()
        return _output_lost(error)
    except Exception:  # noqa: BLE001 - the one boundary: our fault is told as ours
        return _own_fault()


def _have_streams() -> None:
    """Write into nothing where the process was started without a stream: under pythonw, or with it closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - to the very end


def _run_as_set(path: Path, language: str | None, run: Callable[[Desk, Config], int]) -> int:
    """Run a command with the settings, in the language and the zone that they ask for."""
    from logonbell.config.kinds import AUTO  # noqa: PLC0415 - 20 ms that `read` does without

    desk = _desk(language)
    try:
        config = _settings(path, desk)
    except Refused as refused:
        return desk.refuse(refused)
    chosen = language or (None if config.language == AUTO else config.language)
    return _run(_desk(chosen, config.timezone), lambda desk: run(desk, config))


def _run_if_set(path: Path, language: str | None, run: Callable[[Desk, Config], int]) -> int:
    """Run a command with the settings, or with the defaults on a machine that has none."""
    if path != CONFIG or path.exists():
        return _run_as_set(path, language, run)
    from logonbell.config.settings import Config  # noqa: PLC0415 - 20 ms that `read` does without

    return _run(_desk(language), lambda desk: run(desk, Config()))


def _settings(path: Path, desk: Desk) -> Config:
    """Read the settings, from a file or from the SSM Parameter Store. Raises ``Refused``."""
    from logonbell.config.reading import parse_config, read_config  # noqa: PLC0415 - 20 ms that `read` does without

    def tell(sentence: Sentence) -> Shown:
        return speak(sentence, desk.err.language(desk.language))

    if not path.as_posix().startswith("ssm:"):
        return read_config(path, tell)
    from logonbell.config.settings import default_state  # noqa: PLC0415 - likewise
    from logonbell.config.stored import read_stored, stored_name  # noqa: PLC0415 - likewise

    stored = read_stored(stored_name(path), default_state())
    if stored.copy is not None and stored.remark is not None:
        from logonbell.commands.safety import refuse_if_exposed  # noqa: PLC0415 - likewise

        desk.remark(stored.remark)
        refuse_if_exposed([stored.copy])
    return parse_config(stored.text, path, tell, folder=CONFIG.parent)


def _run(desk: Desk, run: Callable[[Desk], int]) -> int:
    """Run a command; what it refuses is told in the language of its desk."""
    try:
        return run(desk)
    except Refused as refused:
        return desk.refuse(refused)


def _desk(language: str | None, zone: tzinfo | None = None) -> Desk:
    return Desk.at(sys.stdout, sys.stderr, os.environ, language=language, zone=zone)


def _output_lost(error: OSError) -> int:
    """Say that the output could not be written; not to a pipe whose reader has gone, for that is no mistake."""
    # What is left in the buffer would be written, and fail, once more at the end of the process.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno not in _READER_GONE:
        why = error.strerror or type(error).__name__
        _desk(None).remark(say("The output could not be written: {why}", why=why))
    return MENDABLE


def _own_fault() -> int:
    """Tell the fault that is being handled, ready to be reported."""
    import traceback  # noqa: PLC0415 - 5 ms, only when something is wrong

    desk = _desk(None)
    desk.err.line(traceback.format_exc())
    desk.remark(say("This is a fault of logonbell {version}, not yours.", version=__version__))
    desk.remark(say("Please report it with the lines above."))
    return OURS
