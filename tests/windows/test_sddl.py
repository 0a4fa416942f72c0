"""Who may change a place, as its security descriptor says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.places import Exposed
from logonbell.windows.guarded import exposed
from logonbell.windows.sddl import OURS, is_ours, replacers, writers
from windows_machine import OPEN, PLAIN, ROOT, FakeWindows


def test_ours_lets_nobody_else_in() -> None:
    """The folder of logonbell is SYSTEM's and the administrators', in each form in which Windows writes that."""
    assert writers(OURS) == []
    assert is_ours(OURS)
    assert is_ours("O:SYG:SYD:PAI(A;OICI;0x1f01ff;;;S-1-5-18)(A;OICI;FA;;;S-1-5-32-544)")


@pytest.mark.parametrize(
    "sddl",
    [
        OURS.replace("D:P", "D:AI"),
        OURS + "(A;OICI;FR;;;BU)",
        OURS.replace("O:BA", "O:S-1-5-21-1-2-3-1001"),
        OURS.replace("(A;OICI;FA;;;SY)", ""),
        "O:BA",
        "O:BAD:NO_ACCESS_CONTROL",
        "",
    ],
)
def test_what_is_not_ours(sddl: str) -> None:
    """A reader too many, an owner who may change it, rights that come from above, no list at all: none of it passes."""
    assert not is_ours(sddl)


@pytest.mark.parametrize(
    ("sddl", "write", "replace"),
    [
        (PLAIN, [], []),
        (OPEN, ["BU"], ["BU"]),
        (ROOT, ["AU"], []),
        ("O:BAD:(A;;0x40;;;WD)", ["WD"], ["WD"]),
        ("O:BAD:(A;;FW;;;S-1-5-21-1-2-3-1001)", ["S-1-5-21-1-2-3-1001"], []),
        ("O:BAD:(A;OICIIO;GA;;;CO)", [], []),
        ("O:BAD:(D;;FA;;;BU)", [], []),
        ("O:BAD:(A;;GA;;;S-1-5-21-1-2-3-500)(A;;GA;;;DA)", [], []),
        ("O:S-1-5-21-1-2-3-1001D:(A;;FA;;;SY)", ["S-1-5-21-1-2-3-1001"], ["S-1-5-21-1-2-3-1001"]),
        ("O:BAD:(XA;;FW;;;BU;(Member_of {SID(BA)}))(A;;FR;;;WD)", ["BU"], []),
        ("O:BAD:NO_ACCESS_CONTROL", ["WD"], ["WD"]),
        ("O:BAD:", [], []),
    ],
)
def test_who_may_write(sddl: str, write: list[str], replace: list[str]) -> None:
    """Write, append, delete, change the list, own it: all that makes code of one's own out of another's is found."""
    assert writers(sddl) == write
    assert replacers(sddl) == replace


@given(st.text(max_size=80), st.text("ODGSABU:;()0x1fFAWPI-5", max_size=80))
def test_any_text_is_read(one: str, other: str) -> None:
    """Nothing that stands in a descriptor stops the look."""
    for text in (one, other):
        assert isinstance(writers(text), list)
        assert isinstance(is_ours(text), bool)


def test_the_way_to_a_place_is_looked_at(tmp_path: Path) -> None:
    """A place is only as safe as the folders above it; of one that is not there, who could make it counts."""
    windows = FakeWindows(tmp_path / "logonbell")
    place = tmp_path / "Program Files" / "logonbell"
    place.mkdir(parents=True)
    assert exposed(windows, [place]) == []
    windows.sddls[str(place.parent)] = OPEN
    assert exposed(windows, [place]) == [Exposed(place.parent, "Users")]
    assert exposed(windows, [tmp_path / "not there"]) == [Exposed(tmp_path, "Authenticated Users")]
