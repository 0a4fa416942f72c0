"""Brings the catalogues up to date with the words in the code: ``python tools/texts.py``.

Words that are new get an empty translation, obsolete ones are dropped, and each catalogue is compiled. It ends with 1
while a translation is missing.
"""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "logonbell"
CATALOGUES = {"ja": PACKAGE / "text" / "locales" / "ja" / "LC_MESSAGES" / "logonbell.po"}


@dataclass(frozen=True, slots=True, order=True)
class Words:
    """What a ``say`` or a ``plural`` in the code marks for translation."""

    one: str
    many: str | None
    path: str


class NotLiteralError(Exception):
    """Words that are put together at run time: no catalogue can hold them."""


def collect(package: Path = PACKAGE) -> list[Words]:
    """Find every ``say`` and ``plural`` below ``package``, and what the shipped rules say of themselves."""
    found = set(words_of_rules(package))
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package.parent.parent).as_posix()
        found |= set(words_in(path.read_text(encoding="utf-8"), relative))
    return sorted(found, key=lambda words: (words.one, words.many or "", words.path))


def words_of_rules(package: Path) -> Iterator[Words]:
    """Give what the shipped rules that ring say to people. Raises ``NotLiteralError`` for words with holes."""
    pack = package / "rulebook" / "pack.json"
    book = json.loads(pack.read_text(encoding="utf-8")) if pack.exists() else {}
    for rule in (*book.get("rules", ()), *book.get("correlations", ())):
        about = rule["about"]
        for words in (
            (about["title"], about["description"], *about["falsepositives"]) if rule["rings"] else ()
        ):
            if "{" in words or "}" in words:
                message = f"{pack.name}: {about['key']}: a text of a rule has no holes"
                raise NotLiteralError(message)
            yield Words(words, None, pack.relative_to(package.parent.parent).as_posix())


def words_in(code: str, path: str) -> Iterator[Words]:
    """Find the words in one module. Raises ``NotLiteralError`` where they are no plain text."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(called) | ast.Attribute(value=ast.Name("sentence"), attr=called):
                pass
            case _:
                continue
        if called == "say":
            yield Words(_literal(node, 0, path), None, path)
        elif called == "plural":
            yield Words(_literal(node, 0, path), _literal(node, 1, path), path)


def _literal(call: ast.Call, place: int, path: str) -> str:
    match call.args[place : place + 1]:
        case [ast.Constant(str(words))] if words:
            return words
    message = f"{path}:{call.lineno}: the words of say() and plural() are one literal, not empty"
    raise NotLiteralError(message)


def updated(catalogue: Catalog, words: list[Words]) -> Catalog:
    """Give a catalogue of exactly ``words``, with the translations that ``catalogue`` has of them."""
    fresh = Catalog(
        locale=catalogue.locale,
        header_comment=catalogue.header_comment,
        project=catalogue.project,
        version=catalogue.version,
        copyright_holder=catalogue.copyright_holder,
        msgid_bugs_address=catalogue.msgid_bugs_address,
        creation_date=catalogue.creation_date,
        revision_date=catalogue.revision_date,
        last_translator=catalogue.last_translator,
        language_team=catalogue.language_team,
        fuzzy=False,
    )
    for one in words:
        identity = one.one if one.many is None else (one.one, one.many)
        known = catalogue.get(one.one)
        kept = known.string if known is not None and known.id == identity else ""
        fresh.add(identity, kept, locations=[(one.path, 1)])
    return fresh


def read(path: Path) -> Catalog:
    """Read a catalogue as a person writes it."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def compiled(catalogue: Catalog) -> bytes:
    """Compile a catalogue as gettext reads it."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """List the words without a translation."""
    return [str(message.id) for message in catalogue if message.id and not all(_forms(message.string))]


def _forms(string: object) -> tuple[object, ...]:
    return string if isinstance(string, tuple) else (string,)


def main() -> int:
    """Update, compile, and tell what is missing."""
    words = collect()
    untranslated = 0
    for language, path in CATALOGUES.items():
        fresh = updated(read(path), words)
        with path.open("wb") as file:
            write_po(file, fresh, width=100, sort_output=True, include_lineno=False)
        path.with_suffix(".mo").write_bytes(compiled(fresh))
        lacking = missing(fresh)
        untranslated += len(lacking)
        print(f"{language}: {len(words)} texts, {len(lacking)} not translated")  # noqa: T201  a script speaks to its caller
        for one in lacking:
            print(f"  {one}")  # noqa: T201  as above
    return 1 if untranslated else 0


if __name__ == "__main__":
    sys.exit(main())
