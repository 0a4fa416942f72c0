from __future__ import annotations

import io
import runpy
import string
from gettext import GNUTranslations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logonbell.text.escape import fit
from logonbell.text.language import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent.parent
UPDATE = "Run: python tools/texts.py, and translate what it names."


@pytest.fixture(scope="module")
def texts() -> Any:
    """The script that collects the words of the code and updates the catalogues."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "tools" / "texts.py")))


def holes(words: str) -> set[tuple[str, str, str]]:
    """The holes of a text, with how they are formatted."""
    return {
        (name, spec or "", conversion or "")
        for _, name, spec, conversion in string.Formatter().parse(words)
        if name is not None
    }


def form(words: str | tuple[str, ...]) -> str:
    """The form that a text has for many: Japanese has no other."""
    return words if isinstance(words, str) else words[-1]


def test_each_language_but_english_has_a_catalogue(texts: Any) -> None:
    """English words are the keys; every other language on offer is kept up to date by the script."""
    assert {"en", *texts.CATALOGUES} == set(LANGUAGES)


def test_every_text_of_the_code_is_translated_and_none_is_left_over(texts: Any) -> None:
    """A text that lacks its Japanese, or a translation of a text that is gone, fails the build."""
    wanted = {words.one if words.many is None else (words.one, words.many) for words in texts.collect()}
    for path in texts.CATALOGUES.values():
        catalogue = texts.read(path)
        had = {message.id for message in catalogue if message.id}
        assert wanted - had == set(), UPDATE
        assert had - wanted == set(), UPDATE
        assert texts.missing(catalogue) == [], UPDATE


def test_a_translation_has_the_holes_of_its_text(texts: Any) -> None:
    """No translation forgets a fact, invents one, or formats a number another way."""
    for path in texts.CATALOGUES.values():
        for message in texts.read(path):
            if message.id:
                assert holes(form(message.string)) == holes(form(message.id)), message.id


def test_japanese_windows_can_show_every_translation(texts: Any) -> None:
    """Our own Japanese never becomes escapes on a console of code page 932."""
    for message in texts.read(texts.CATALOGUES["ja"]):
        assert fit(form(message.string), "cp932") == form(message.string)


def test_what_is_compiled_is_what_is_written(texts: Any) -> None:
    """The .mo that is installed says what the .po beside it says (why both are kept: docs/decisions)."""
    for path in texts.CATALOGUES.values():
        fresh = GNUTranslations(io.BytesIO(texts.compiled(texts.read(path))))
        with path.with_suffix(".mo").open("rb") as file:
            installed = GNUTranslations(file)
        assert _entries(installed) == _entries(fresh), UPDATE


def _entries(translations: GNUTranslations) -> dict[Any, str]:
    """Everything but the header, which names the version of Babel."""
    kept: dict[Any, str] = vars(translations)["_catalog"]
    return {words: said for words, said in kept.items() if words}


@pytest.mark.parametrize(
    "code", ["say(f'{x}')", "say(words)", "plural('a', many, 2)", "say('')", "say()", "sentence.say(1)"]
)
def test_words_put_together_at_run_time_are_refused(texts: Any, code: str) -> None:
    """What no catalogue could hold is found when the words are collected, not when somebody reads English."""
    with pytest.raises(texts.NotLiteralError, match=r"here\.py:1"):
        list(texts.words_in(code, "here.py"))


def test_words_are_found_wherever_they_stand(texts: Any) -> None:
    """Texts in calls, tables and raised errors are all collected; another object's say() is none of ours."""
    code = "X = {1: say('a')}\ndef f():\n    desk.say(plain)\n    raise E(sentence.say('b ' 'c', n=1), plural('d', 'e', 2))\n"
    found = [(words.one, words.many) for words in texts.words_in(code, "here.py")]
    assert found == [("a", None), ("b c", None), ("d", "e")]


def test_updating_keeps_translations_and_drops_what_is_gone(texts: Any) -> None:
    """New words come without a translation, known ones keep theirs, obsolete ones leave."""
    before = texts.updated(texts.read(texts.CATALOGUES["ja"]), [texts.Words("old", None, "x.py")])
    before.get("old").string = "古い"
    before.add("gone", "昔")
    after = texts.updated(before, [texts.Words("old", None, "x.py"), texts.Words("new", "news", "y.py")])
    assert {message.id: message.string for message in after if message.id} == {
        "old": "古い",
        ("new", "news"): ("", ""),
    }
    assert texts.missing(after) == ["('new', 'news')"]
