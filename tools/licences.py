"""Writes ``docs/reference/dependencies.md``: what an installation consists of, and under which licences."""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "dependencies.md"
ON_WINDOWS = {"pywin32": "PSF-2.0", "tzdata": "Apache-2.0"}
"""What is installed on Windows only, with its licence."""
HEAD = """\
# What an installation consists of

<!-- Made by tools/licences.py: make sbom. -->

Everything that `pip install logonbell` brings along, with the licence that each package states. Why each was taken:
[dependencies](../decisions/dependencies.md). `make sbom` writes the same with the versions of a fresh installation, as
CycloneDX, to `build/sbom.cdx.json`.

| package | for | licence |
|---|---|---|
"""


def needed() -> dict[str, str]:
    """Give all packages that logonbell needs, also by way of others, each with that which asks for it first."""
    found: dict[str, str] = {}
    asked = [("logonbell", line) for line in distribution("logonbell").requires or ()]
    while asked:
        who, line = asked.pop(0)
        one = Requirement(line)
        name = canonicalize_name(one.name)
        wanted = one.marker is None or any(
            one.marker.evaluate({"extra": "", "sys_platform": system}) for system in ("linux", "win32")
        )
        if not wanted or name in found:
            continue
        found[name] = who
        try:
            asked += [(name, below) for below in distribution(name).requires or ()]
        except PackageNotFoundError:
            if name not in ON_WINDOWS:
                raise
    return found


def licence(name: str) -> str:
    """Give the licence that a package states."""
    if name in ON_WINDOWS:
        return ON_WINDOWS[name]
    told = distribution(name).metadata
    stated: str | None = told.get("License-Expression")
    if stated:
        return stated
    classified = [line for line in told.get_all("Classifier") or () if line.startswith("License")]
    named = [line.rpartition(" :: ")[2] for line in classified]
    return ", ".join(named) or (told.get("License") or "not stated").partition("\n")[0]


def _rows() -> Iterator[str]:
    for name, who in sorted(needed().items()):
        place = " (on Windows)" if name in ON_WINDOWS else ""
        yield f"| {name}{place} | {who} | {licence(name)} |"


if __name__ == "__main__":
    PAGE.write_text(HEAD + "\n".join(_rows()) + "\n", encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}: {len(needed())} packages\n")
