from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from emulator import REGION, Emulator, HeardTopic
from logonbell.event import Event
from logonbell.simulate.windows import WindowsHost
from wine import RIG, EventLogFolder, Wine, windows_path

pytestmark = pytest.mark.rig


@pytest.fixture(scope="module")
def wine() -> Wine:
    """Give Wine with the Windows CPython in it; where it cannot be installed, the reason."""
    from wine import FOLDER  # noqa: PLC0415 - beside its use

    with_pip = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        [RIG / "setup.sh", FOLDER], env=with_pip, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Wine()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[str, HeardTopic]]:
    """Give an SNS on the Linux side, and a topic that somebody hears."""
    with Emulator(tmp_path) as emulator:
        yield emulator.url, emulator.topic()


@pytest.mark.usefixtures("wine")
def test_every_number_is_that_of_winevt_h(tmp_path: Path) -> None:
    """Error codes and flags are what the headers say, for the compiler says so."""
    subprocess.run(
        ["x86_64-w64-mingw32-gcc", "-c", "-D_WIN32_WINNT=0x0601", RIG / "constants.c", "-o", tmp_path / "o"],
        check=True,
    )


class Bastion:
    """A host on which somebody logs on now and then."""

    def __init__(self, log: EventLogFolder) -> None:
        self.log = log
        self.host = WindowsHost("BASTION", Random(3))  # noqa: S311 - repeatable, not secret
        self.names: list[str] = []
        self.written: dict[str, float] = {}

    def logs_on(self, count: int = 1) -> None:
        """Let people log on at the console, each under a new name."""
        events: list[Event] = []
        for _ in range(count):
            name = f"user{len(self.names)}"
            self.names.append(name)
            events += self.host.console_logon(
                datetime.now(UTC), self.host.local(name, 2000 + len(self.names))
            )
            self.written[name] = time.time()
        for channel in {event.channel for event in events}:
            self.log.write(channel, [event for event in events if event.channel == channel])


def test_end_to_end(wine: Wine, heard: tuple[str, HeardTopic], tmp_path: Path) -> None:
    """Events in the log are rung on the Linux side, once each, through kills, faults and idle times; no handle is left."""
    url, topic = heard
    log = EventLogFolder(tmp_path / "events")
    config = tmp_path / "logonbell.toml"
    config.write_text(
        f"state = '{windows_path(tmp_path / 'state')}'\n[sources]\nssm = 'off'\n[notify.console]\nenabled = false\n"
        f"[[notify.sns]]\ntopic_arn = '{topic.arn}'\nendpoint_url = '{url}'\nregion = '{REGION}'\ndaily_check = false\n"
        "format = 'json'\n[notify.pace]\nsingles_a_minute = 500\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    arguments = ["watch", "--config", windows_path(config)]
    bastion = Bastion(log)
    subjects: list[str] = []

    def hear(seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(not told(name) for name in bastion.names):
            subjects.extend(f"{each.subject} {each.body}" for each in topic.rest())
            time.sleep(0.2)
        assert [name for name in bastion.names if not told(name)] == [], out.read_text(errors="replace")

    def told(name: str) -> int:
        return sum(re.search(rf"\b{name}\b", text) is not None for text in subjects)

    process = wine.start(log, arguments, out)
    try:
        bastion.logs_on()
        hear(60)
        for fault in ("broken-6", "broken-1722", "largest", "twice", "deaf"):
            if fault.startswith("broken"):
                log.break_feeds(int(fault.removeprefix("broken-")))
            else:
                log.set(**{fault: 1 if fault != "largest" else 2})
            bastion.logs_on(3)
            hear(60)
            log.set(**dict.fromkeys(("largest", "twice", "deaf"), 0))
        log.set(refuse=1722)
        time.sleep(6)
        bastion.logs_on()
        log.set(refuse=0)
        hear(60)
        process.kill()
        process.wait()
        bastion.logs_on(2)
        process = wine.start(log, arguments, out)
        hear(60)
        log.clear("Security")
        bastion.logs_on()
        hear(60)
    finally:
        process.kill()
        process.wait()
    assert [name for name in bastion.names if told(name) != 1] == []
    fresh = tmp_path / "once"
    log.forget_handles()
    assert wine.run(log, [*arguments, "--once"], fresh) == 0, fresh.read_text(errors="replace")
    assert log.open_handles() == [0]
