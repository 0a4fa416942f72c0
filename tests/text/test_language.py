from __future__ import annotations

import pytest

from logonbell.sentence import plural, say
from logonbell.text.escape import Shown
from logonbell.text.language import LANGUAGES, catalogue, language_of_locale, speak


def test_each_language_has_its_words() -> None:
    """One sentence is said in English and in Japanese."""
    assert speak(say("unknown user"), "en") == "unknown user"
    assert speak(say("unknown user"), "ja") == "不明なユーザー"


def test_holes_are_escaped_and_bounded() -> None:
    """What fills a hole cannot break the line, and is cut with a word about it; numbers are formatted as numbers."""
    sentence = say("{path} is damaged ({why}).", path="a\nb", why="x" * 1000)
    shown = speak(sentence, "en", limit=40)
    assert shown.startswith("a\\u{a}b is damaged (xxx")
    assert "...(+" in shown
    assert len(shown) < 100


def test_a_sentence_in_a_sentence_is_escaped_once() -> None:
    """A hole may hold what was spoken before, in the same language."""
    whole = say("{user} (DOMAIN ADMIN)", user=say("unknown user"))
    assert speak(whole, "ja") == "不明なユーザー (ドメイン管理者)"
    assert speak(say("{user} (DOMAIN ADMIN)", user=say("{user} (DOMAIN ADMIN)", user="a\n")), "en") == (
        "a\\u{a} (DOMAIN ADMIN) (DOMAIN ADMIN)"
    )
    inner = speak(say("unknown user"), "ja")
    assert speak(say("{user} (DOMAIN ADMIN)", user=inner), "ja") == "不明なユーザー (ドメイン管理者)"
    once = speak(say("{user} (DOMAIN ADMIN)", user="a\n"), "en")
    assert speak(say("{who} by {principal}", who=once, principal="p"), "en") == "a\\u{a} (DOMAIN ADMIN) by p"


def test_braces_in_a_name_are_only_braces() -> None:
    """A name that looks like a format string reads nothing and fails nothing."""
    assert speak(say("{user} (DOMAIN ADMIN)", user="{0.__class__}"), "en") == "{0.__class__} (DOMAIN ADMIN)"


@pytest.mark.parametrize(("count", "english"), [(0, "0 cats"), (1, "one cat"), (2, "2 cats")])
def test_the_number_decides_the_form(count: int, english: str) -> None:
    """English has a singular; a sentence without a translation is said in English, its holes filled."""
    words = ("one cat", "{count} cats")
    for language in LANGUAGES:
        assert speak(plural(*words, count), language) == english


def test_japanese_has_one_form_for_every_number() -> None:
    """Japanese says one and many alike."""
    for count in (1, 2, 1000):
        shown = speak(plural("and {count:,} more", "and {count:,} more", count), "ja")
        assert shown == f"ほか {count:,} 件"


def test_what_is_spoken_is_safe() -> None:
    """Spoken text counts as safe to show."""
    assert isinstance(speak(say("unknown user"), "ja"), Shown)


def test_an_unknown_language_is_a_fault_of_the_caller() -> None:
    """No file outside the catalogues is opened for a language nobody offers."""
    with pytest.raises(ValueError, match=r"\.\./x"):
        catalogue("../x")


@pytest.mark.parametrize(
    ("environment", "locale_name", "language"),
    [
        ({}, None, "en"),
        ({"LANG": "ja_JP.UTF-8"}, None, "ja"),
        ({"LANG": "ja"}, None, "ja"),
        ({"LANG": "de_DE.UTF-8"}, None, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, None, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, None, "ja"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP.eucJP"}, None, "ja"),
        ({"LANGUAGE": "fr:ja:en", "LANG": "en_US"}, None, "ja"),
        ({"LANGUAGE": "en", "LC_ALL": "ja_JP"}, None, "en"),
        ({}, "Japanese_Japan", "ja"),
        ({}, "ja_JP", "ja"),
        ({}, "ja-JP", "ja"),
        ({}, "English_United States", "en"),
        ({"LANG": "en_US"}, "Japanese_Japan", "en"),
    ],
)
def test_the_machine_says_which_language(
    environment: dict[str, str], locale_name: str | None, language: str
) -> None:
    """The variables of gettext decide, in its order; Windows' locale where none of them is set."""
    assert language_of_locale(environment, locale_name) == language
