"""``logonbell doctor``: gathers the facts, and tells how each is judged."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

from logonbell import __version__
from logonbell.agent import utc_now
from logonbell.commands.composition import book_of, guard_of, wanted_by_all
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.commands.doctor_on_linux import on_linux
from logonbell.commands.ring import answers
from logonbell.commands.topic import MARKS
from logonbell.config.kinds import OFF
from logonbell.config.notify import ToSns
from logonbell.config.settings import Config, default_ssm
from logonbell.doctor import host, ntp, road
from logonbell.doctor import windows as judge
from logonbell.doctor.linux import of_clock
from logonbell.doctor.verdict import Verdict, fails, of_checks
from logonbell.errors import Refused
from logonbell.linux.clock import is_synchronised
from logonbell.linux.machine import Linux
from logonbell.notifier import Undelivered
from logonbell.notifiers.check import Mark
from logonbell.notifiers.topic import read_topic
from logonbell.programs import Programs
from logonbell.provision.record import Record
from logonbell.provision.windows import task_of
from logonbell.query import query_list
from logonbell.recognise.windows import CHANNELS, SECURITY
from logonbell.sentence import plural, say
from logonbell.sigma.wanted import Ids
from logonbell.sources.position import NAMED
from logonbell.ssm.processes import HostProcesses
from logonbell.store.lock import owner
from logonbell.store.outbox import LOCK, Outbox, OutboxState
from logonbell.windows import audit_policy, scheduled_task
from logonbell.windows.channels import Seen, existing, look
from logonbell.windows.guarded import exposed
from logonbell.windows.machine import Windows

PACKAGES = ("boto3", "botocore", "click", "evtx", "msgspec", "psutil")
_MACHINES = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")

Gather = Callable[[], Iterable[Verdict]]


Machine = Windows | Linux


def doctor(
    desk: Desk, config: Config, *, as_json: bool, rings: bool = False, machine: Machine | None = None
) -> int:
    """Look at everything; where it ``rings``, ring once through each notifier, too. Returns the exit code."""
    verdicts = list(examine(config, machine or machine_here(), wanted_by_all(book_of(config, desk))))
    if rings:
        # What a console rings is no part of the verdicts.
        beside = replace(desk, out=desk.err)
        verdicts += [_rung(name, answer) for name, answer in answers(beside, config)]
    failing = fails(verdicts)
    if as_json:
        desk.out.line(json.dumps(_document(verdicts)))
        return MENDABLE if failing else 0
    for verdict in verdicts:
        desk.say(replace(MARKS[verdict.mark], holes={"what": verdict.what}))
        if verdict.remedy is not None:
            desk.say(say("      {remedy}", remedy=verdict.remedy))
    if failing:
        count = sum(verdict.mark is Mark.BAD for verdict in verdicts)
        desk.say(
            plural(
                "{count} thing keeps a logon from ringing.",
                "{count} things keep a logon from ringing.",
                count,
            )
        )
        return MENDABLE
    desk.say(say("Nothing that was seen keeps a logon from ringing."))
    return 0


def machine_here() -> Machine:
    """Give the machine that this runs on."""
    if sys.platform == "win32":
        from logonbell.windows.machine import this_machine  # noqa: PLC0415 - it is only there
    else:
        from logonbell.linux.machine import this_machine  # noqa: PLC0415 - likewise
    return this_machine()


def examine(config: Config, machine: Machine, wanted: Mapping[str, Ids]) -> Iterator[Verdict]:
    """Gather each fact and judge it; what cannot be gathered is not known, and keeps no other from being.

    ``wanted`` is what is asked of Windows' log.
    """
    state = _state(config)
    read = state if isinstance(state, OutboxState) else None
    gathered: list[tuple[str, Gather]] = [
        ("versions", lambda: [host.of_versions(_versions())]),
        ("state", lambda: [host.of_state(state.sentence if isinstance(state, Refused) else None)]),
        ("agent", lambda: [host.of_agent(_agent(config), on_event=_on_event(machine))]),
        ("ssm", lambda: [_ssm(config)]),
        ("clock", lambda: [_clock(machine)]),
    ]
    match machine:
        case Windows():
            gathered += _on_windows(machine, read, config, wanted)
        case Linux():
            gathered += on_linux(machine, config)
    gathered += [("road", partial(_roads, table)) for table in config.notify.sns]
    gathered += [(f"topic {table.name}", partial(_topic, table)) for table in config.notify.sns]
    if read is not None:
        gathered.append(("notifier", lambda: _notifiers(read)))
    for about, gather in gathered:
        try:
            yield from gather()
        except Refused as refused:
            yield judge.refused(about, refused.sentence)
        except OSError as error:
            yield judge.refused(about, say("{why}", why=error.strerror or str(error)))


def _on_windows(
    windows: Windows,
    state: OutboxState | None,
    config: Config,
    wanted: Mapping[str, Ids],
) -> list[tuple[str, Gather]]:
    run, followed = windows.run, config.sources.channels
    channels = CHANNELS if isinstance(followed, str) else followed
    return [
        ("rights", lambda: [judge.of_rights(elevated=windows.security.elevated())]),
        ("program", lambda: judge.of_program(exposed(windows.security, windows.places))),
        ("folder", lambda: [judge.of_folder(str(windows.folder), _sddl(windows))]),
        ("task", lambda: _task(windows, wanted)),
        ("audit", lambda: judge.of_audit(audit_policy.read(run), _installed(windows))),
        *(
            (f"channel {name}", partial(_channel, windows, name, state, wanted.get(name, ())))
            for name in channels
        ),
        ("proxy", lambda: _proxy(windows, config.environment)),
    ]


def _proxy(windows: Windows, named: Sequence[str]) -> Iterator[Verdict]:
    """Compare this user's proxy with the machine's, which SYSTEM has, and obeys where the settings name it."""
    machines = windows.run("reg", "query", _MACHINES, "/v", "HTTPS_PROXY").code == 0
    obeyed = "HTTPS_PROXY" in {name.upper() for name in named}
    return road.of_own_proxy(getproxies().get("https"), machines=machines, obeyed=obeyed)


def _channel(
    windows: Windows, name: str, state: OutboxState | None, ids: Collection[int] | None
) -> Iterator[Verdict]:
    channel = look(windows.run, name, ids)
    source = state.sources.get(f"{NAMED}{name}") if state is not None else None
    yield from judge.of_channel(channel, source.newest if source is not None else None, utc_now())
    if name == SECURITY and channel.seen is Seen.READABLE:
        yield judge.of_log_size(channel)


def _task(windows: Windows, wanted: Mapping[str, Ids]) -> Iterator[Verdict]:
    ours = [task_of(windows, None), task_of(windows, query_list(existing(windows.run, wanted)))]
    return judge.of_task(scheduled_task.registered(windows.run), ours, scheduled_task.last_run(windows.run))


def _sddl(windows: Windows) -> str | None:
    try:
        return windows.security.sddl(windows.folder)
    except FileNotFoundError:
        return None


def _installed(windows: Windows) -> frozenset[str]:
    noted = (name.partition("audit ")[2] for name in Record(windows.record).before)
    return frozenset(guid for guid in noted if guid)


def _on_event(machine: Machine) -> bool:
    return isinstance(machine, Windows) and "--once" in (scheduled_task.registered(machine.run) or "")


def _clock(machine: Machine) -> Verdict:
    offset = ntp.offset(time.time)
    if offset is None and isinstance(machine, Linux) and (known := is_synchronised()) is not None:
        return of_clock(synchronised=known)
    return host.of_clock(offset)


def _rung(name: str, answer: str | Undelivered) -> Verdict:
    if isinstance(answer, Undelivered):
        return host.of_ring(name, None, answer.why)
    return host.of_ring(name, answer, None)


def _state(config: Config) -> OutboxState | Refused:
    try:
        outbox = Outbox.join(config.state)
    except Refused as refused:
        return refused
    try:
        return outbox.state()
    except Refused as refused:
        return refused
    finally:
        outbox.close()


def _agent(config: Config) -> int | None:
    process = owner(config.state / LOCK)
    if process is None:
        return None
    # The number may be another process's by now.
    return process if any("logonbell" in one for one in HostProcesses().arguments(process)) else None


def _ssm(config: Config) -> Verdict:
    if config.sources.ssm == OFF:
        return host.of_ssm(None, None, readable=False)
    folder = default_ssm() if isinstance(config.sources.ssm, str) else config.sources.ssm
    try:
        with os.scandir(folder):
            readable = True
    except OSError:
        readable = False
    return host.of_ssm(str(folder), _ssm_version(), readable=readable)


def _ssm_version() -> str | None:
    """Ask the SSM agent's program, where it is (AWS, "Checking the SSM Agent version number")."""
    if sys.platform == "win32":
        from logonbell.windows.folders import program_files  # noqa: PLC0415 - it is only there

        folders, ending, encoding = [program_files() / "Amazon" / "SSM"], ".exe", "oem"
    else:
        folders = [Path("/usr/bin"), Path("/snap/amazon-ssm-agent/current")]
        ending, encoding = "", "utf-8"
    for folder in folders:
        if (folder / f"amazon-ssm-agent{ending}").exists():
            answer = Programs(folder, ending=ending, encoding=encoding)("amazon-ssm-agent", "-version")
            found = _VERSION.search(answer.out)
            return found[0] if found else None
    return None


def _roads(table: ToSns) -> Iterator[Verdict]:
    topic = read_topic(table.topic_arn)
    region = table.region or topic.region
    ending = ".cn" if topic.partition == "aws-cn" else ""
    url = table.endpoint_url or f"https://sns.{region}.amazonaws.com{ending}"
    name = url.partition("://")[2].partition("/")[0]
    return road.of_road(road.drive(url, getproxies(), direct=bool(proxy_bypass(name))), region)


def _topic(table: ToSns) -> list[Verdict]:
    return of_checks(f"topic {table.name}", guard_of(table).look().checks)


def _notifiers(state: OutboxState) -> Iterator[Verdict]:
    for name, one in state.notifiers.items():
        yield host.of_notifier(
            name, pending=one.pending, failing=one.failing, buried=one.buried, error=one.last_error
        )


def _versions() -> Mapping[str, str]:
    bits = "64" if sys.maxsize > 1 << 32 else "32"
    python = {"logonbell": __version__, f"Python ({bits} bit)": platform.python_version()}
    return python | {name: version(name) for name in PACKAGES}


def _document(verdicts: list[Verdict]) -> dict[str, object]:
    return {
        "schema": 1,
        "version": __version__,
        "ok": not fails(verdicts),
        "verdicts": [
            {
                "about": one.about,
                "mark": str(one.mark),
                "what": str(one.what),
                "remedy": None if one.remedy is None else str(one.remedy),
            }
            for one in verdicts
        ],
    }
