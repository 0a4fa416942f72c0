from __future__ import annotations

import pytest

from logonbell.text.width import pad, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("alice", 5),
        ("ログオン", 8),
        ("ﾛｸﾞｵﾝ", 5),
        ("か\u3099", 2),
        ("e\u0301", 1),
        ("\uff21\uff22", 4),
        ("", 0),
        ("\U0001f480", 2),
    ],
)
def test_width_counts_columns(text: str, columns: int) -> None:
    """Wide East Asian letters take two columns, combining marks none, halfwidth katakana one."""
    assert width(text) == columns


def test_padding_ends_at_the_same_column() -> None:
    """English and Japanese labels line up."""
    assert {width(pad(text, 12)) for text in ("User", "ユーザー", "か\u3099")} == {12}
