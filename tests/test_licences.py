"""The list of what an installation consists of is current, and everything in it may be given away."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOL = runpy.run_path(str(ROOT / "tools" / "licences.py"))
PERMISSIVE = re.compile(r"MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL")


def listed() -> dict[str, str]:
    """Read the page: the licence of each package."""
    rows = re.findall(
        r"^\| ([\w.-]+)(?: \(on Windows\))? \| [\w.-]+ \| (.+) \|$",
        TOOL["PAGE"].read_text("utf-8"),
        re.MULTILINE,
    )
    return {name: licence for name, licence in rows if name not in {"package", "---"}}


def test_every_package_is_listed_and_no_other() -> None:
    """Whatever is installed with logonbell, by way of others, too, stands on the page: run make sbom."""
    assert set(listed()) == set(TOOL["needed"]())


def test_every_licence_lets_it_be_used() -> None:
    """No package has a licence that would bind who uses logonbell; one that states none would be found here."""
    assert [name for name, licence in listed().items() if not PERMISSIVE.search(licence)] == []
