"""Where rules are kept: the shipped pack, already compiled; one's own, compiled once and kept until they change."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from logonbell import __version__
from logonbell.decoding import decode
from logonbell.errors import Refused
from logonbell.rulebook.mistake import Mistake
from logonbell.sentence import Sentence, say
from logonbell.sigma.form import VERSION, Book, Correlation, Rule

PACK = "pack.json"
CACHE = "rules.json"
_SUFFIXES = frozenset({".yml", ".yaml"})
MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Shelf:
    """Rules of one's own, and what is wrong with those that are left out."""

    book: Book = field(default_factory=Book)
    mistakes: Sequence[Mistake] = ()


class _Told(msgspec.Struct):
    path: str
    line: int
    words: str
    holes: dict[str, str | int | float]
    rule: str | None


class _Cached(msgspec.Struct):
    key: str
    book: Book
    mistakes: list[_Told]


@cache
def shipped() -> Book:
    """Give the shipped rules, those among them that are switched off, too."""
    return decode((files("logonbell.rulebook") / PACK).read_bytes(), Book)


def chosen(book: Book, on: Iterable[str], off: Iterable[str]) -> Book:
    """Give the shipped rules that are switched on, and those that serve them."""
    asked, refused = frozenset(on), frozenset(off)
    needed = {
        one.about.key
        for one in ringing(book)
        if one.about.key not in refused and (not one.about.off or one.about.key in asked)
    }
    for one in reversed(book.correlations):  # those that others refer to stand in front of them
        if one.about.key in needed:
            needed.update(one.rules)
    return Book(
        tuple(one for one in book.rules if one.about.key in needed),
        tuple(one for one in book.correlations if one.about.key in needed),
    )


def ringing(book: Book) -> list[Rule | Correlation]:
    """Give the rules that ring by themselves, by name."""
    return sorted((one for one in all_of(book) if one.rings), key=lambda one: one.about.key)


def all_of(book: Book) -> list[Rule | Correlation]:
    """Give the rules and the correlations of a book."""
    return [*book.rules, *book.correlations]


def joined(one: Book, other: Book) -> Book:
    """Put two books together."""
    return Book((*one.rules, *other.rules), (*one.correlations, *other.correlations))


def own_rules(
    places: Sequence[Path], placeholders: Mapping[str, Sequence[str]], keep_in: Path | None = None
) -> Shelf:
    """Give one's own rules: as they were compiled the last time (kept in the folder ``keep_in``), or compiled anew.

    Raises ``Refused`` where a place cannot be read, or where they must be compiled and pySigma is missing.
    """
    if not places:
        return Shelf()
    found = find_rules(places)
    key = _key_of(found, placeholders)
    kept = keep_in / CACHE if keep_in is not None else None
    if kept is not None and (known := _read(kept, key)) is not None:
        return known
    shelf = compile_files(found, placeholders)
    if kept is not None:
        _write(kept, key, shelf)
    return shelf


def compile_files(found: Sequence[Path], placeholders: Mapping[str, Sequence[str]]) -> Shelf:
    """Read and compile files of rules. Raises ``Refused`` where pySigma is missing."""
    try:
        # 200 ms, and they may be missing: whoever has no rules of their own needs neither.
        from logonbell.rulebook.compiling import compile_documents  # noqa: PLC0415
        from logonbell.rulebook.document import read_documents  # noqa: PLC0415
    except ImportError as error:
        raise missing() from error
    read = [read_documents(path) for path in found]
    documents = [document for documents, _ in read for document in documents]
    mistakes = [mistake for _, mistakes in read for mistake in mistakes]
    names = {name for one in all_of(shipped()) for name in (one.about.key, one.about.id)}
    compiled = compile_documents(documents, placeholders, taken=frozenset(name for name in names if name))
    return Shelf(compiled.book, [*mistakes, *compiled.mistakes])


def missing() -> Refused:
    """Say that what rules of one's own need is not installed."""
    return Refused(
        say("Rules of your own need pySigma, which is not installed."),
        say("Install it with: pip install 'logonbell[sigma]'"),
    )


def find_rules(places: Sequence[Path]) -> list[Path]:
    """Find the files of rules in folders, all below them included. Raises ``Refused`` for what is not there."""
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            found += sorted(
                Path(folder, name)
                for folder, _, names in os.walk(place)
                for name in names
                if Path(name).suffix.lower() in _SUFFIXES
            )
        elif place.is_file():
            found.append(place)
        else:
            raise Refused(
                say("There is no file or folder of rules {path}.", path=str(place)),
                say("Name it under [rules] as folders = ['...'], or make it."),
            )
        if len(found) > MOST_FILES:
            raise Refused(
                say("{path} holds more than {most:,} files of rules.", path=str(place), most=MOST_FILES)
            )
    return found


def _key_of(found: Sequence[Path], placeholders: Mapping[str, Sequence[str]]) -> str:
    """Digest of all that a compiled form depends on."""
    digest = hashlib.sha256()
    parts: list[bytes] = [
        str(VERSION).encode(),
        __version__.encode(),
        json.dumps({name: list(values) for name, values in placeholders.items()}, sort_keys=True).encode(),
    ]
    for path in found:
        parts.append(os.fsencode(path))
        with suppress(OSError):  # compiling says what is wrong with it
            parts.append(path.read_bytes())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _read(kept: Path, key: str) -> Shelf | None:
    """Give what was kept; None where there is nothing, it is of other rules, or it is damaged."""
    try:
        cached = decode(kept.read_bytes(), _Cached)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if cached.key != key:
        return None
    mistakes = [
        Mistake(Path(one.path), one.line, Sentence(one.words, one.holes), one.rule) for one in cached.mistakes
    ]
    return Shelf(cached.book, mistakes)


def _write(kept: Path, key: str, shelf: Shelf) -> None:
    """Keep it, whole or not at all. Where it cannot be kept it is compiled the next time again."""
    told = [
        _Told(str(one.path), one.line, one.what.words, _plain(one.what), one.rule) for one in shelf.mistakes
    ]
    fresh = kept.with_suffix(".new")
    with suppress(OSError):
        fresh.write_bytes(msgspec.json.encode(_Cached(key, shelf.book, told)))
        fresh.replace(kept)


def _plain(sentence: Sentence) -> dict[str, str | int | float]:
    return {
        name: str(value) if isinstance(value, Sentence) else value for name, value in sentence.holes.items()
    }
