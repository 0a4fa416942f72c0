"""Reads the file, and tells all its mistakes at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from logonbell.config.key import Key, Section
from logonbell.config.kinds import WrongError, take_table
from logonbell.config.places import lines_of, nearest
from logonbell.config.settings import Config, keys
from logonbell.errors import Refused
from logonbell.likely import likely
from logonbell.sentence import Sentence, plural, say
from logonbell.text.escape import Shown
from logonbell.text.language import speak

_LONGEST_FILE = 1 << 20

Tell = Callable[[Sentence], Shown]


def in_english(sentence: Sentence) -> Shown:
    """Tell mistakes to a person whose language is not known yet."""
    return speak(sentence, "en")


def read_config(path: Path, tell: Tell = in_english) -> Config:
    """Read the file. Raises ``Refused`` that names every mistake in it, put into words by ``tell``."""
    return parse_config(read_text(path), path, tell)


def parse_config(text: str, path: Path, tell: Tell = in_english, *, folder: Path | None = None) -> Config:
    """Read the text of a file that is, or is to be, at ``path``. Raises ``Refused`` as ``read_config`` does.

    Relative paths in it stand beside it, or in ``folder``.
    """
    table = _parse(path, text)
    reading = _Reading(folder or path.absolute().parent, tell, text)
    config = reading.section(Config, table, ())
    if reading.mistakes or config is None:
        listed = Shown("".join(f"\n  {mistake}" for _, mistake in sorted(reading.mistakes)))
        count = len(reading.mistakes)
        raise Refused(
            plural(
                "{file} has a mistake:{mistakes}",
                "{file} has {count} mistakes:{mistakes}",
                count,
                file=str(path),
                mistakes=listed,
            )
        )
    return config


S = TypeVar("S", bound=Section)


class _Reading:
    """One pass through the file, which collects the mistakes."""

    def __init__(self, folder: Path, tell: Tell, text: str) -> None:
        self.mistakes: list[tuple[int, str]] = []
        self._folder = folder
        self._tell = tell
        self._text = text
        self._lines: Mapping[tuple[str, ...], int] | None = None

    def section(self, kind: type[S], table: Mapping[str, object], at: tuple[str, ...]) -> S | None:
        """Read a table; None where it has mistakes."""
        before = len(self.mistakes)
        known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]  # every Section is a dataclass
        for name in table:
            if name not in known:
                self._unknown((*at, name), known)
        values = {}
        for name, one in known.items():
            path = (*at, name)
            if name in table:
                values[name] = self._value(one.metadata, table[name], path)
            elif one.default is MISSING and one.default_factory is MISSING:
                self._add(at, say("{key} is missing", key=_dotted(path)))
        if len(self.mistakes) > before:
            return None
        made = kind(**values)
        for name, why in made.contradictions():
            self._wrong((*at, name), WrongError(why))
        return made

    def _value(self, metadata: Mapping[str, Any], value: object, path: tuple[str, ...]) -> Any:
        try:
            if inner := metadata.get("section"):
                return self._tables(inner, value, path)
            key: Key = metadata["key"]
            return key.kind.read(value, self._folder)
        except WrongError as wrong:
            self._wrong(path, wrong)
            return None

    def _tables(self, kind: type[Section], value: object, path: tuple[str, ...]) -> Any:
        """Read a table; of a kind that may stand there several times, one or a list of them."""
        if not kind.repeated:
            return self.section(kind, take_table(value), path)
        if not isinstance(value, list):
            return (self.section(kind, take_table(value), path),)
        tables = [take_table(one) for one in value]
        return tuple(self.section(kind, one, (*path, f"[{number}]")) for number, one in enumerate(tables, 1))

    def _unknown(self, path: tuple[str, ...], known: Iterable[str]) -> None:
        meant = likely(path[-1], known)
        if meant is None:
            elsewhere = {there[-1]: _dotted(there) for _, there, _ in keys()}
            close = likely(path[-1], elsewhere)
            meant = elsewhere[close] if close else None
        if meant:
            self._add(
                path, say("{key} is not known. Did you mean {meant}?", key=_dotted(path), meant=f"'{meant}'")
            )
        else:
            there = ", ".join(known)
            self._add(path, say("{key} is not known. Known here: {known}", key=_dotted(path), known=there))

    def _wrong(self, path: tuple[str, ...], wrong: WrongError) -> None:
        parts = {hole: self._tell(part) for hole, part in wrong.parts.items()}
        why = self._tell(replace(wrong.what, holes={**wrong.what.holes, **parts}))
        self._add(path, say("{key} {why}", key=_dotted(path), why=Shown(why.strip())))

    def _add(self, path: tuple[str, ...], what: Sentence) -> None:
        if self._lines is None:
            self._lines = lines_of(self._text)
        line = next((self._lines[known] for known in nearest(path) if known in self._lines), 0)
        told = self._tell(what)
        self.mistakes.append(
            (line, self._tell(say("line {line}: {what}", line=line, what=told)) if line else told)
        )


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[", "[")


def read_text(path: Path) -> str:
    """Give the text of the file. Raises ``Refused`` where it cannot be read, or is no text."""
    try:
        if path.exists() and not path.is_file():
            raise Refused(say("{file} is not a file.", file=str(path)), say("Name the TOML file itself."))
        with path.open("rb") as file:
            raw = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(raw) > _LONGEST_FILE:
        raise Refused(say("{file} is too large to be a configuration.", file=str(path)))
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused(say("{file} is in UTF-16.", file=str(path)), say("Save it as UTF-8."))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Refused(
            say("{file} is not in UTF-8 (line {line}).", file=str(path), line=line), say("Save it as UTF-8.")
        ) from error


def unreadable(path: Path, error: OSError) -> Refused:
    """Say why the file cannot be read."""
    match error:
        case FileNotFoundError():
            return Refused(
                say("There is no file {file}.", file=str(path)), say("Name the configuration with --config.")
            )
        case PermissionError():
            return Refused(
                say("{file} may not be read by this user.", file=str(path)),
                say("Allow it, or run as another user."),
            )
        case _:
            return Refused(
                say("{file} cannot be read: {why}.", file=str(path), why=error.strerror or str(error))
            )


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise Refused(say("{file} is nested too deeply.", file=str(path))) from error
    except ValueError as error:  # tomllib's own error is one; so is a number of too many digits
        why, line, column = _where(str(error), text)
        hint = None
        if line and "\\" in text.split("\n")[line - 1]:
            hint = say(r"Write Windows paths in single quotes: 'C:\Windows'.")
        what = say(
            "{file}, line {line}, column {column}: {why}.", file=str(path), line=line, column=column, why=why
        )
        raise Refused(what if line else say("{file}: {why}.", file=str(path), why=why), hint) from error


def _where(words: str, text: str) -> tuple[str, int, int]:
    """Take tomllib's words apart: why, line and column, both from 1 (0 where it does not say)."""
    if found := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", words, re.DOTALL):
        return found[1], int(found[2]), int(found[3])
    if found := re.fullmatch(r"(.*) \(at end of document\)", words, re.DOTALL):
        lines = text.split("\n")
        return found[1], len(lines), len(lines[-1]) + 1
    return words, 0, 0
