"""A YAML file of rules, with the line at which each of its keys stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from logonbell.rulebook.mistake import Mistake
from logonbell.sentence import Sentence, say

LARGEST = 1 << 20
"""Bytes of one file."""
_NODES = 20_000
"""So many values one document may have, those that it repeats by name (``*anchor``) counted each time."""
_DEEPEST = 32
"""So deep its values may be nested; rules come to seven."""

_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # ten times as fast, where PyYAML was built with it

_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"

Place = tuple[str | int, ...]
"""The keys that lead to a value: ``("detection", "selection", "EventID")``."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: what it says, and the lines of its keys."""

    path: Path
    content: Mapping[str, Any]
    lines: Mapping[Place, int]

    def line(self, *place: str | int) -> int:
        """Give the line of a key, or of the nearest above it that is there."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return 0

    def mistake(self, what: Sentence, *place: str | int) -> Mistake:
        """Say what is wrong at a place."""
        title = self.content.get("title")
        return Mistake(self.path, self.line(*place), what, title if isinstance(title, str) else None)


def read_documents(path: Path) -> tuple[list[Document], list[Mistake]]:
    """Read a file; what cannot be read is a mistake, and the other documents of the file are given all the same."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        return [], [Mistake(path, 0, say("cannot be read: {why}", why=error.strerror or str(error)))]
    if len(raw) > LARGEST:
        return [], [Mistake(path, 0, say("is too large to be a file of rules"))]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return [], [Mistake(path, line, say("is not in UTF-8; save it as UTF-8"))]
    return parse_documents(text, path)


def parse_documents(text: str, path: Path) -> tuple[list[Document], list[Mistake]]:
    """Read the text of a file."""
    documents: list[Document] = []
    mistakes: list[Mistake] = []
    try:
        for node in yaml.compose_all(text, Loader=_LOADER):
            _take(node, path, documents, mistakes)
    except yaml.YAMLError as error:
        mistakes.append(_no_yaml(error, path))
    return documents, mistakes


def _no_yaml(error: Exception, path: Path, line: int = 0) -> Mistake:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else line
        why = " ".join(part for part in (error.problem, error.context) if part)
    else:
        why = str(error).partition("\n")[0]
    return Mistake(path, line, say("is no YAML: {why}", why=why))


def _take(node: yaml.Node | None, path: Path, documents: list[Document], mistakes: list[Mistake]) -> None:
    if node is None or node.tag == _NULL:  # nothing stands between two ---
        return
    first = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        mistakes.append(Mistake(path, first, say("is no rule: a rule is a table of keys and values")))
        return
    lines: dict[Place, int] = {(): first}
    sound = True
    for count, (place, line, wrong) in enumerate(_walk(node, ())):
        if count > _NODES or len(place) > _DEEPEST:
            mistakes.append(
                Mistake(
                    path,
                    first,
                    say("is too large, nested too deeply, or repeats itself too often, to be a rule"),
                )
            )
            return
        if wrong is not None:
            mistakes.append(Mistake(path, line, wrong))
            sound = False
        lines.setdefault(place, line)
    if not sound:
        return
    loader = _LOADER("")
    try:
        content = loader.construct_document(node)
    except yaml.YAMLError as error:
        mistakes.append(_no_yaml(error, path, first))
        return
    finally:
        loader.dispose()
    documents.append(Document(path, content, lines))


def _walk(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int, Sentence | None]]:
    """Give the place and line of everything below a node, and what is wrong with its key or value."""
    match node:
        case yaml.MappingNode():
            known: set[str] = set()
            for key, value in node.value:
                name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
                here = (*place, name)
                yield here, key.start_mark.line + 1, _wrong_key(key, again=name in known) or _wrong(value)
                known.add(name)
                yield from _walk(value, here)
        case yaml.SequenceNode():
            for number, value in enumerate(node.value):
                here = (*place, number)
                yield here, value.start_mark.line + 1, _wrong(value)
                yield from _walk(value, here)


def _wrong_key(key: yaml.Node, *, again: bool) -> Sentence | None:
    if not isinstance(key, yaml.ScalarNode):
        return say("a list or a table cannot be a key")
    if key.tag == _MERGE:
        return say("merging (<<) is not supported; write it out")
    name = f"'{key.value}'"
    if key.tag != _TEXT:
        return say("the key {key} is no text to YAML, as on, yes and 1 are not; put it in quotes", key=name)
    return say("{key} stands there twice; only one would count", key=name) if again else None


def _wrong(value: yaml.Node) -> Sentence | None:
    """Say what is wrong with a value that YAML takes for a date or a number, and that is none: ``2024-13-45``."""
    if not isinstance(value, yaml.ScalarNode) or value.tag == _TEXT:
        return None
    loader = _LOADER("")
    try:
        loader.construct_object(value)
    except yaml.YAMLError:
        return None  # said with its line, when the whole is made
    except (ValueError, ArithmeticError, LookupError, AttributeError) as error:
        why = str(error).partition(";")[0]
        return say("{value} is not what YAML takes it for: {why}", value=f"'{value.value[:40]}'", why=why)
    finally:
        loader.dispose()
    return None
