"""Reads messages that were saved: JSON, one or many, as queues, functions and web hooks get them, and mails."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec

from logonbell.completeness import Claim, Letter, Problem, claim_of
from logonbell.decoding import convert
from logonbell.errors import Refused
from logonbell.proof import Head, Proof, digest
from logonbell.sentence import say
from logonbell.text.language import LANGUAGES, speak

LARGEST = 64 << 20
"""Bytes of a file that are read at once; a larger one must be of lines."""
_LINE = 4 << 20
_DEPTH = 8
_PASSING = {
    "sent",
    "subject",
    "text",
    "remarks",
    "host_name",
    "topic",
    "account",
    "region",
    "proof",
    "instance",
}
"""What may differ when a message is sent a second time."""


class _Head(msgspec.Struct):
    number: int
    mark: str


class _Proof(msgspec.Struct):
    history: str
    notifier: str
    number: int
    before: str
    mark: str
    head: _Head


class _Message(msgspec.Struct):
    schema: int
    host_id: str
    fingerprint: str
    sent: datetime
    proof: _Proof | None = None


class Saved:
    """Gives the messages below some paths; what looks like one and cannot be read stands in ``problems`` behind them.

    ``others`` counts files (and lines) without a message. Raises ``Refused`` where there is nothing at a path.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.others = 0

    def below(self, paths: Iterable[Path]) -> Iterator[Letter]:
        """Give all messages in these files, and in the folders with all below."""
        for path in paths:
            for file in _files(path):
                yield from self._in_file(file)

    def in_text(self, where: str, text: bytes) -> Iterator[Letter]:
        """Give the messages in a text: JSON, JSON lines, or a mail."""
        with suppress(ValueError, RecursionError):
            yield from self._in_json(where, json.loads(text))
            return
        lines = text.splitlines()
        first = [line for line in lines if line.strip()][:2]
        if first and all(line.lstrip().startswith(b"{") for line in first):
            for number, line in enumerate(lines, 1):
                yield from self._in_line(f"{where}:{number}", line)
            return
        yield from self._in_mail(where, text)

    def _in_file(self, file: Path) -> Iterator[Letter]:
        where = str(file)
        try:
            if file.stat().st_size <= LARGEST:
                yield from self.in_text(where, file.read_bytes())
                return
            with file.open("rb") as lines:
                number = 0
                while line := lines.readline(_LINE):
                    number += 1
                    yield from self._in_line(f"{where}:{number}", line)
        except OSError as error:
            why = error.strerror or type(error).__name__
            what = say("It cannot be read ({why}).", why=why)
            self.problems.append(Problem("unreadable", what, where))

    def _in_line(self, where: str, line: bytes) -> Iterator[Letter]:
        if not line.strip():
            return
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            self._unreadable(where)
            return
        yield from self._in_json(where, found)

    def _in_json(self, where: str, found: Any, depth: int = 0) -> Iterator[Letter]:
        """Find the messages in what a queue, a topic or a function hands over, wherever in it they stand."""
        if depth > _DEPTH:
            self.others += 1
            return
        match found:
            case list():
                for number, one in enumerate(found, 1):
                    yield from self._in_json(f"{where}#{number}", one, depth + 1)
            case {"fingerprint": str(), "host_id": str()}:
                yield from self._message(where, found)
            case {"Messages": list(inner)} | {"Records": list(inner)}:
                yield from self._in_json(where, inner, depth + 1)
            case {"Sns": dict(inner)}:
                yield from self._in_json(where, inner, depth + 1)
            case {"Body": str(inner)} | {"body": str(inner)} | {"Message": str(inner)}:
                yield from self._inner(where, inner, depth)
            case _:
                self.others += 1

    def _inner(self, where: str, text: str, depth: int) -> Iterator[Letter]:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            yield from self._in_mail(where, text.encode("utf-8", "surrogatepass"))
            return
        yield from self._in_json(where, found, depth + 1)

    def _message(self, where: str, document: dict[str, Any]) -> Iterator[Letter]:
        try:
            read = convert(document, _Message)
        except msgspec.ValidationError:
            self._unreadable(where)
            return
        claim = None
        if (told := read.proof) is not None:
            head = Head(told.head.number, told.head.mark)
            proof = Proof(told.history, told.notifier, told.number, told.before, head, read.fingerprint)
            claim = claim_of(proof, told.mark)
        kept = {name: value for name, value in document.items() if name not in _PASSING}
        content = digest([json.dumps(kept, sort_keys=True)])
        yield Letter(where, read.host_id, _aware(read.sent), claim, content)

    def _in_mail(self, where: str, raw: bytes) -> Iterator[Letter]:
        body, sent = _mail(raw)
        if body.lstrip().startswith("{"):
            with suppress(ValueError, RecursionError):
                yield from self._in_json(where, json.loads(body))
                return
        claims = set(_SHORT.findall(body) or _SHORT.findall(raw.decode("utf-8", "replace")))
        if len(claims) == 1:
            stream, number, link, mark = claims.pop()
            yield Letter(where, "", sent, Claim(stream, int(number), int(link), mark), "")
        elif claims:
            self._unreadable(where)
        else:
            self.others += 1

    def _unreadable(self, where: str) -> None:
        self.problems.append(Problem("unreadable", say("This is no message, or a damaged one."), where))


_LABELS = "|".join(re.escape(str(speak(say("Proof"), language))) for language in LANGUAGES)
_SHORT = re.compile(
    rf"^(?:{_LABELS})[ \t]+([0-9a-f]{{8}})-([1-9]\d{{0,17}})-(\d{{1,18}})-([0-9a-f]{{16}})[ \t]*\r?$",
    re.MULTILINE | re.ASCII,
)
"""Only on a line of its own: what others wrote never begins one."""


def _mail(raw: bytes) -> tuple[str, datetime | None]:
    """Give the plain text of a mail, and its date; both may be missing."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    body: object = ""
    sent = None
    with suppress(LookupError, ValueError, AttributeError, TypeError):  # a mail that keeps no promise
        part = mail.get_body(("plain",))
        body = part.get_content() if part is not None else ""
    with suppress(LookupError, ValueError, AttributeError, TypeError):
        sent = _aware(parsedate_to_datetime(str(mail["Date"]))) if mail["Date"] else None
    return (body if isinstance(body, str) else ""), sent


def _aware(time: datetime) -> datetime:
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def _files(path: Path) -> Iterator[Path]:
    try:
        if not path.exists():
            raise Refused(
                say("There is nothing at {path}.", path=str(path)),
                say("Name a file of messages, or a folder of them."),
            )
        if not path.is_dir():
            yield path
            return
        for folder, below, names in os.walk(path):
            below.sort()
            yield from (Path(folder, name) for name in sorted(names))
    except OSError as error:
        raise Refused(
            say("{path} cannot be read ({why}).", path=str(path), why=error.strerror or type(error).__name__)
        ) from error
