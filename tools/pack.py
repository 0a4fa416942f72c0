"""Compile the shipped rules: ``make pack``. What it writes is committed, and a test holds it to its sources."""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from logonbell.rulebook.compiling import compile_documents
from logonbell.rulebook.document import read_documents
from logonbell.sigma.form import About, Book

FOLDER = Path(__file__).resolve().parent.parent / "src" / "logonbell" / "rulebook"


def packed() -> bytes:
    """Give the pack as it should be. Raises ``ValueError`` where a shipped rule has a mistake."""
    documents, mistakes = [], []
    for path in sorted((FOLDER / "pack").glob("*.yml")):
        read, wrong = read_documents(path)
        documents += read
        mistakes += wrong
    compiled = compile_documents(documents)
    for one in [*mistakes, *compiled.mistakes]:
        raise ValueError(f"{one.path.name}:{one.line}: {one.what}")
    book = Book(
        tuple(msgspec.structs.replace(one, about=_shipped(one.about)) for one in compiled.book.rules),
        tuple(msgspec.structs.replace(one, about=_shipped(one.about)) for one in compiled.book.correlations),
    )
    return msgspec.json.format(msgspec.json.encode(book), indent=1) + b"\n"


def _shipped(about: About) -> About:
    return msgspec.structs.replace(about, shipped=True)


if __name__ == "__main__":
    try:
        (FOLDER / "pack.json").write_bytes(packed())
    except ValueError as error:
        print(error)
        sys.exit(1)
