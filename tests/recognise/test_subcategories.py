from __future__ import annotations

import pytest

from logonbell.recognise.subcategories import name_of


@pytest.mark.parametrize(
    ("guid", "name"),
    [
        ("{0CCE9215-69AE-11D9-BED3-505054503030}", "Logon"),
        (" {0cce921c-69ae-11d9-bed3-505054503030} ", "Other Logon/Logoff Events"),
        ("{0CCE92FF-69AE-11D9-BED3-505054503030}", "0CCE92FF-69AE-11D9-BED3-505054503030"),
        ("{1CCE9215-69AE-11D9-BED3-505054503030}", "1CCE9215-69AE-11D9-BED3-505054503030"),
        ("", ""),
        ("9" * 100, "9" * 36),
    ],
)
def test_a_subcategory_has_a_name(guid: str, name: str) -> None:
    """What auditpol calls it; where Microsoft lists none, the GUID, and of what is none no more than one is long."""
    assert name_of(guid) == name
