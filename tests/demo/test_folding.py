from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from logonbell.demo.folding import fold
from logonbell.text.width import width

texts = st.text(st.sampled_from("ab /-.)\u3042\u65e5\u3002\u30fc\uff09"), max_size=80)


@given(texts, st.integers(4, 40))
@example("\u3042" + "\u3002" * 50, 4)
def test_nothing_is_lost(text: str, columns: int) -> None:
    """Every line fits, and together they hold all but the spaces at which they were broken."""
    lines = fold(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_words_stay_whole() -> None:
    """English is broken between words, Japanese anywhere but before what closes or goes on."""
    assert fold("the real agent follows it", 11) == ["the real", "agent", "follows it"]
    assert fold("本物のログ。追跡", 10) == ["本物のロ", "グ。追跡"]
    assert fold("本物の logonbell が見る", 10) == ["本物の", "logonbell", "が見る"]


def test_an_empty_line() -> None:
    """Nothing is a line, too."""
    assert fold("", 10) == [""]
