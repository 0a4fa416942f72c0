"""Run SigmaHQ's own rules over its own regression logs: ``python tools/sigma_regression.py CHECKOUT``.

CHECKOUT is one of https://github.com/SigmaHQ/sigma, with ``rules*`` and ``regression_data``. For each test a line where what
is found is not what is expected (one match, unless the test says another number), then the sums.
"""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.rulebook.compiling import compile_documents
from logonbell.rulebook.document import read_documents
from logonbell.rulebook.patterns import linear
from logonbell.sigma.detect import Detector
from logonbell.sigma.form import Book
from logonbell.sources.evtx import EvtxSource


def main(checkout: Path) -> int:
    """Print what differs; 1 if anything does."""
    documents, mistakes = [], []
    for folder in sorted(checkout.glob("rules*")):
        for path in sorted(folder.rglob("*.yml")):
            read, wrong = read_documents(path)
            documents += [one for one in read if one.content.get("logsource", {}).get("product") == "windows"]
            mistakes += wrong
    compiled = compile_documents(documents)
    by_id = {rule.about.id: rule for rule in compiled.book.rules}
    refused = {one.path.name: one for one in [*mistakes, *compiled.mistakes]}
    sums: Counter[str] = Counter()
    for info in sorted((checkout / "regression_data").rglob("info.yml")):
        for rule_id, log, expected in _tests(yaml.safe_load(info.read_text("utf-8")), checkout):
            rule = by_id.get(rule_id)
            if rule is None:
                sums["no such rule, or refused"] += 1
                print(f"{rule_id}  not loaded")
                continue
            detector = Detector(Book((rule,)), patterns=linear)
            found = sum(len(detector.event(event)) for event in _events(log))
            word = "as expected" if found == expected else "more" if found > expected else "fewer"
            sums[word] += 1
            if found != expected:
                print(f"{rule_id}  expected {expected}, found {found}  {rule.about.title}")
    print(f"rules loaded: {len(compiled.book.rules)} of {len(documents)}; refused: {len(refused)}")
    for name, one in sorted(refused.items()):
        print(f"  {name}:{one.line}: {one.what}")
    print(", ".join(f"{word}: {count}" for word, count in sorted(sums.items())))
    return int(any(word != "as expected" for word in sums))


def _tests(info: dict[str, Any], checkout: Path) -> Iterator[tuple[str, Path, int]]:
    for test in info.get("regression_tests_info", []):
        for rule in info["rule_metadata"]:
            yield rule["id"], checkout / test["path"], int(test.get("match_count", 1))


def _events(log: Path) -> Iterator[Event]:
    source, bookmark = EvtxSource(log, finished=True), None
    while True:
        try:
            batch = source.read(bookmark)
        except Refused as refused:
            print(f"{log}: {refused.sentence}")
            return
        yield from batch.events
        if not batch.more:
            return
        bookmark = batch.bookmark


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
