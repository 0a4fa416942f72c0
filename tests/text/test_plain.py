from __future__ import annotations

import pytest

from logonbell.text.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<https://evil.example|your bank>", r"\u{3c}https://evil.example|your bank\u{3e}"),
        ("[your bank](https://evil.example)", r"\u{5b}your bank\u{5d}(https://evil.example)"),
        ("<!channel> <@U123>", r"\u{3c}!channel\u{3e} \u{3c}@U123\u{3e}"),
        ("@everyone @HERE @channel @all", r"\u{40}everyone \u{40}HERE \u{40}channel \u{40}all"),
        ("`code`", r"\u{60}code\u{60}"),
        ("alice@example.com CONTOSO\\bob_1 (DOMAIN ADMIN)", "alice@example.com CONTOSO\\bob_1 (DOMAIN ADMIN)"),
        ("line 1\nline 2\n", "line 1\nline 2\n"),
    ],
)  # fmt: skip
def test_a_name_is_no_markup(text: str, shown: str) -> None:
    """A user who names himself as a link or a call to all is shown as that name, and nothing else is changed."""
    assert plain(text) == shown
    assert plain(plain(text)) == shown
