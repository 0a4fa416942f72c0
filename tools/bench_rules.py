"""What rules cost: handed events, loaded anew and kept, correlations of many groups. A part of tools/bench.py."""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from logonbell.event import Event
from logonbell.rulebook.patterns import linear
from logonbell.rulebook.shelf import chosen, compile_files, shipped
from logonbell.sigma.detect import Detector
from logonbell.sigma.form import Book
from logonbell.simulate.day import play_day

RULES = 150
EVENTS = 20_000
GROUPS = 10_000
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
IDS = (4624, 4625, 4634, 4648, 4672, 4688, 4697, 4720, 4732, 4776, 1102, 4719)
LOAD = "import sys, time\nfrom pathlib import Path\nfrom logonbell.rulebook.shelf import own_rules\nbegan = time.perf_counter()\nown_rules([Path(sys.argv[1])], {}, Path(sys.argv[2]))\nprint(time.perf_counter() - began)"

Figure = tuple[str, str, str]


def judging(folder: Path) -> Iterator[Figure]:
    """Hand a day of the Security log to the shipped rules, and to as many as SigmaHQ has for it."""
    day = [event for event in play_day(NOON, Random(1)) if event.channel == "Security"]  # noqa: S311 - repeatable, not secret
    events = (day * (EVENTS // len(day) + 1))[:EVENTS]
    places = made_rules(folder / "rules")
    book = compile_files(places, {}).book
    none, pack, many = (handed(each, events) for each in (Book(), chosen(shipped(), (), ()), book))
    yield "events handed to no rules", speed(none), "1.00"
    yield "  ... to the shipped ones", speed(pack), f"{pack / none:.2f}"
    yield f"  ... to {RULES} made ones over the Security log", speed(many), f"{many / none:.2f}"
    state = folder / "kept rules"
    state.mkdir()
    cold = loaded(folder / "rules", state)
    kept = min(loaded(folder / "rules", state) for _ in range(5))
    yield f"{RULES} rules of one's own, kept from the last time", f"{kept * 1000:.0f} ms", "1.00"
    yield "  ... compiled, pySigma's own start with it", f"{cold * 1000:.0f} ms", f"{cold / kept:.2f}"
    yield from correlating(events[0])


def handed(book: Book, events: Sequence[Event]) -> float:
    """Give the seconds that events take which are handed to rules."""
    detector = Detector(book, patterns=linear)
    return best(lambda: [detector.event(event) for event in events])


def correlating(event: Event) -> Iterator[Figure]:
    """Let logons fail from many addresses, a few times from each."""
    detector = Detector(chosen(shipped(), ["password-spray"], ()))
    failures = [
        replace(
            event,
            event_id=4625,
            record_id=number,
            time=NOON + timedelta(milliseconds=number * 5),
            fields={"IpAddress": address(number % GROUPS), "TargetUserName": f"user{number // GROUPS}"},
        )
        for number in range(4 * GROUPS)
    ]
    tracemalloc.start()
    seconds = best(lambda: [detector.event(each) for each in failures], times=1)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield (
        f"two correlations over failed logons from {GROUPS:,} addresses, counted while memory is traced",
        f"{len(failures) / seconds:,.0f} events/s",
        "",
    )
    yield "  ... and what they remember of them", f"{taken / 1e6:.0f} MB", ""


def made_rules(folder: Path) -> Sequence[Path]:
    """Write rules as those of SigmaHQ's folder for the Security log are: an event id, and some texts of some fields."""
    folder.mkdir()
    random = Random(1)  # noqa: S311 - repeatable, not secret
    paths = []
    for number in range(RULES):
        path = folder / f"made{number}.yml"
        words = [f"word{random.randrange(10_000)}" for _ in range(random.randint(1, 6))]
        how = random.choice(("contains", "startswith", "endswith", "contains|all"))
        filtered = f"  filter:\n    SubjectUserName|endswith: '${number}'\n" if number % 2 else ""
        path.write_text(
            f"title: Made {number}\nlogsource: {{product: windows, service: security}}\ndetection:\n"
            f"  selection:\n    EventID: {random.choice(IDS)}\n    TargetUserName|{how}: {[*words, 'x']}\n"
            f"{filtered}  condition: selection{' and not filter' if filtered else ''}\n",
            encoding="utf-8",
        )
        paths.append(path)
    return paths


def loaded(rules: Path, state: Path) -> float:
    """Give the seconds that it takes a new process to have them."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", LOAD, str(rules), str(state)], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def address(number: int) -> str:
    """Give an address of its own to each number."""
    return f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


def best(act: Callable[[], object], times: int = 4) -> float:
    """Give the CPU seconds of the fastest of several."""
    fastest = float("inf")
    for _ in range(times):
        began = time.process_time()
        act()
        fastest = min(fastest, time.process_time() - began)
    return fastest


def speed(seconds: float) -> str:
    """Say how many events a second that is."""
    return f"{EVENTS / seconds:,.0f} events/s"
