"""A bastion whose log is followed inside Wine, who logs on there, and who hears of it."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from emulator import REGION, HeardTopic
from logonbell.event import Event
from logonbell.simulate.windows import WindowsHost
from wine import PROGRAM, EventLogFolder, Wine, windows_path


class Bastion:
    """A host on which somebody logs on now and then, each under a new name."""

    def __init__(self, log: EventLogFolder) -> None:
        self.log = log
        self.host = WindowsHost("BASTION", Random(3))  # noqa: S311 - repeatable, not secret
        self.names: list[str] = []
        self.written: dict[str, datetime] = {}

    def logs_on(self, count: int = 1) -> int:
        """Let people log on at the console; give how many records that makes."""
        events: list[Event] = []
        for _ in range(count):
            name = f"user{len(self.names)}"
            self.names.append(name)
            person = self.host.local(name, 2000 + len(self.names))
            events += self.host.console_logon(datetime.now(UTC), person)
        for channel in {event.channel for event in events}:
            self.log.write(channel, [event for event in events if event.channel == channel])
        now = datetime.now(UTC)
        self.written |= dict.fromkeys(self.names[-count:], now)
        return len(events)


def settings(folder: Path, topic_arn: str, url: str, *, singles: int) -> Path:
    """Write settings for an agent inside Wine that rings on the Linux side, so many alerts a minute one by one."""
    config = folder / "logonbell.toml"
    config.write_text(
        f"state = '{windows_path(folder / 'state')}'\n[sources]\nssm = 'off'\n[notify.console]\nenabled = false\n"
        f"[[notify.sns]]\ntopic_arn = '{topic_arn}'\nendpoint_url = '{url}'\nregion = '{REGION}'\ndaily_check = false\n"
        f"format = 'json'\n[notify.pace]\nsingles_a_minute = {singles}\ndigest_seconds = 5\n",
        encoding="utf-8",
    )
    return config


class Watched:
    """A bastion whose log is followed inside Wine, and whoever hears what rings."""

    def __init__(self, wine: Wine, topic: HeardTopic, url: str, folder: Path) -> None:
        self.wine, self.topic, self.url, self.folder = wine, topic, url, folder
        self.log = EventLogFolder(folder / "events")
        self.bastion = Bastion(self.log)
        self.out = folder / "out"
        self.arguments = ["watch", "--config", windows_path(folder / "logonbell.toml")]
        self.messages: list[dict[str, object]] = []
        self.taken: dict[str, datetime] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, program: tuple[str, ...] = PROGRAM, *, singles: int = 500) -> subprocess.Popen[bytes]:
        """Start the agent."""
        settings(self.folder, self.topic.arn, self.url, singles=singles)
        self.process = self.wine.start(self.log, self.arguments, self.out, program=program)
        return self.process

    def kill(self) -> None:
        """End it as kill -9 does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def waits_for(self, what: Callable[[], bool], seconds: float = 180.0) -> None:
        """Hear what rings until something is so."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, self.out.read_text(errors="replace")[-3000:]
            self.hear()
            time.sleep(0.1)

    def hear(self) -> None:
        """Take what rang meanwhile; note of each logon that was told alone when SNS had taken it."""
        for each in self.topic.rest():
            message = json.loads(each.body)
            self.messages.append(message)
            self.taken.setdefault(str(message.get("user", "")).rpartition("\\")[2], each.sent)

    def hears_all(self) -> None:
        """Wait until all who logged on are told, alone or in a digest."""
        self.waits_for(lambda: len(self.logons()) >= len(self.bastion.names))

    def logons(self) -> list[int]:
        """Give the numbers of the alerts that were told, without those of logonbell's own watching."""
        numbers = [
            number for each in self.messages for number in numbers_of(each) if each["type"] != "notice"
        ]
        notices = [each["sequence"] for each in self.messages if each["type"] == "notice"]
        return [number for number in numbers if number not in notices]

    def told(self, words: str) -> bool:
        """Tell whether something was heard."""
        return any(re.search(words, str(each["subject"])) for each in self.messages)

    def logs_on(self, count: int = 1) -> None:
        """Let people log on, and wait until that is heard."""
        self.bastion.logs_on(count)
        self.hears_all()

    def handles(self, seconds: float = 2.0) -> int:
        """Count the handles that stay open: the fewest of some looks, since reading again opens some for a moment."""
        looks = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            looks += self.log.open_handles()
            time.sleep(0.02)
        return min(looks)


def numbers_of(message: dict[str, object]) -> list[int]:
    """Give the numbers of the alerts that a message tells."""
    if message["type"] != "digest":
        number = message["sequence"]
        assert isinstance(number, int)
        return [number]
    ranges = message["sequences"]
    assert isinstance(ranges, list)
    return [number for first, last in ranges for number in range(first, last + 1)]
