from __future__ import annotations

import io

import pytest

from logonbell.text.terminal import Terminal


class Screen(io.StringIO):
    """A stream somebody looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def written(encoding: str, text: str) -> str:
    """What arrives on a stream of ``encoding`` that fails on what it cannot hold."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="")
    terminal = Terminal(stream, {})
    terminal.line(text)
    terminal.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("encoding", "arrived"),
    [
        ("utf-8", "Zoë 田中 \U0001f480\n"),
        ("cp932", "Zo\\u{eb} 田中 \\u{1f480}\n"),
        ("cp1252", "Zoë \\u{7530}\\u{4e2d} \\u{1f480}\n"),
        ("ascii", "Zo\\u{eb} \\u{7530}\\u{4e2d} \\u{1f480}\n"),
    ],
)
def test_no_encoding_fails_a_text(encoding: str, arrived: str) -> None:
    """What a console or a redirected file cannot hold is shown as an escape; everything else stays readable."""
    assert written(encoding, "Zoë 田中 \U0001f480") == arrived


@pytest.mark.parametrize(
    ("stream", "environment", "colour"),
    [
        (Screen(), {}, True),
        (Screen(), {"NO_COLOR": ""}, True),
        (Screen(), {"NO_COLOR": "1"}, False),
        (Screen(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_is_for_people_who_want_it(
    stream: io.StringIO, environment: dict[str, str], colour: bool
) -> None:
    """Colour needs a terminal, and a NO_COLOR that is not empty turns it off, as no-color.org says."""
    assert Terminal(stream, environment).colour is colour


@pytest.mark.parametrize(
    ("encoding", "language"), [("utf-8", "ja"), ("cp932", "ja"), ("cp1252", "en"), ("ascii", "en")]
)
def test_japanese_is_spoken_where_it_can_be_read(encoding: str, language: str) -> None:
    """A console without Japanese letters gets English instead of a page of escapes."""
    terminal = Terminal(io.TextIOWrapper(io.BytesIO(), encoding=encoding), {})
    assert terminal.language("ja") == language
    assert terminal.language("en") == "en"


def test_a_stream_without_an_encoding_holds_everything() -> None:
    """A stream in memory takes every text as it is."""
    stream = io.StringIO()
    Terminal(stream, {}).line("田中")
    assert stream.getvalue() == "田中\n"
