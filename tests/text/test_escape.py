from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.text.escape import LIMIT, Shown, escape, fit, name

ANY = st.text(st.characters(), max_size=60) | st.text(
    st.sampled_from('\\u{}a0 "\n\u202e\u0301\u7530'), max_size=30
)
LONG = st.text(st.characters(), max_size=400)
ENDLESS = 10_000


def read_back(shown: str) -> str:
    """Read the notation back with a small reader: runs of backslashes before ``u{`` count, others are text."""
    text, at = "", 0
    while at < len(shown):
        run = re.compile(r"\\+").match(shown, at)
        if run is None:
            text, at = text + shown[at], at + 1
            continue
        slashes, at = len(run.group()), run.end()
        if not shown.startswith("u{", at):
            text += "\\" * slashes
            continue
        text += "\\" * (slashes // 2)
        if slashes % 2:
            end = shown.index("}", at)
            text, at = text + chr(int(shown[at + 2 : end], 16)), end + 1
    return text


@given(ANY)
def test_nothing_is_lost_and_no_two_names_look_alike(text: str) -> None:
    """What is shown can be read back to exactly what the log held: an escape is never mistaken for literal text."""
    assert read_back(escape(text, ENDLESS)) == text


@given(LONG)
def test_only_visible_characters_of_one_line_are_shown(text: str) -> None:
    """No control, format, surrogate, private or line-separating character comes through, whatever a log holds."""
    for character in escape(text):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert escape(text).splitlines() in ([], [str(escape(text))])
    escape(text).encode("utf-8")


@given(LONG, st.integers(min_value=16, max_value=120))
def test_length_is_bounded_and_a_cut_says_so(text: str, limit: int) -> None:
    """A shown text is never longer than its limit, and where it is cut it ends in how many characters are left out."""
    shown = escape(text, limit)
    assert len(shown) <= limit
    if read_back(shown) != text:
        left_out = re.search(r"\.\.\.\(\+(\d+)\)$", shown)
        assert left_out is not None
        kept = shown[: left_out.start()]
        assert 0 < int(left_out[1]) <= len(text)
        assert escape(text, ENDLESS).startswith(kept)


@pytest.mark.parametrize(
    "plain",
    [
        "CONTOSO\\nancy",
        "CONTOSO\\user",
        "CONTOSO\\x1b",
        "C:\\",
        "\\\\server\\share",
        "\u7530\u4e2d\u592a\u90ce",
        "Zo\u00eb",
        "\u05d0\u05d1\u05d2",
        "\u304b\u3099",
        "",
    ],
)
def test_ordinary_names_stay_as_they_are(plain: str) -> None:
    r"""DOMAIN\name is shown as people write it, in every script, whatever letter follows the backslash."""
    assert escape(plain) == plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", r"a\u{a}b"),
        ("\x1b[31m", r"\u{1b}[31m"),
        ("\a\x7f\x9b", r"\u{7}\u{7f}\u{9b}"),
        ("a\u202eb", r"a\u{202e}b"),
        ("a\u2028b", r"a\u{2028}b"),
        ("\ud83d", r"\u{d83d}"),
        ("a\u200bb", r"a\u{200b}b"),
        ("a\u3164b", r"a\u{3164}b"),
        ("a\u00a0b", r"a\u{a0}b"),
        ("\\u{a}", r"\\u{a}"),
        ("D\\\n", r"D\\\u{a}"),
        ("alice ", r"alice\u{20}"),
        ("a    b", r"a \u{20}\u{20}\u{20}b"),
        ("\u0301x", r"\u{301}x"),
        ("e\u0301\u0301\u0301", "e\u0301\u0301\\u{301}"),
    ],
)
def test_what_cannot_be_seen_becomes_visible(text: str, shown: str) -> None:
    """Line breaks, terminal colours, reversed text, invisible letters and stacked marks show as escapes."""
    assert escape(text) == shown


def test_a_long_name_costs_no_more_than_its_limit() -> None:
    """Ten megabytes of name show as three hundred characters that say how much is left out."""
    shown = escape("x" * 10_000_000)
    assert len(shown) <= LIMIT
    assert shown.endswith(f"...(+{10_000_000 - shown.count('x')})")


@given(ANY)
def test_text_that_is_safe_is_not_escaped_again(text: str) -> None:
    """Sentences can be built of sentences: what was made safe once stays as it is."""
    once = escape(text)
    assert escape(once, 16) is once
    assert name(once, 16) is once


@given(LONG, st.integers(min_value=18, max_value=120))
def test_a_name_cannot_end_its_quotation_marks(text: str, limit: int) -> None:
    """A name with spaces or punctuation is quoted, a quotation mark in it is escaped, and the limit still holds."""
    shown = name(text, limit)
    assert len(shown) <= limit
    quoted = any(one in text for one in ' "(),;\u3000\u2192')
    if quoted:
        assert shown[0] == shown[-1] == '"'
        assert '"' not in shown[1:-1]
    else:
        assert shown == escape(text, limit)


@given(ANY, st.sampled_from(["ascii", "cp1252", "cp932", "utf-8"]))
def test_every_encoding_holds_what_was_fitted(text: str, encoding: str) -> None:
    """Fitted text can be encoded, and still reads back to what the log held."""
    fitted = fit(escape(text, ENDLESS), encoding)
    fitted.encode(encoding)
    assert read_back(fitted) == text


def test_fitting_shows_letters_that_are_missing() -> None:
    """A Japanese name on a Western console is told by its code points, not by question marks that fit anyone."""
    assert fit("CONTOSO\\bob \u7530\u4e2d", "cp1252") == r"CONTOSO\bob \u{7530}\u{4e2d}"
    assert fit("CONTOSO\\\u7530", "ascii") == r"CONTOSO\\\u{7530}"


def test_safe_text_is_plain_text_to_everyone_else() -> None:
    """Safe text is a str, and what is made of it by hand counts as unsafe again."""
    assert isinstance(escape("x"), str)
    assert not isinstance(escape("x") + "\n", Shown)
