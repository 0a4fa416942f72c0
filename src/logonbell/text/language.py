"""The languages logonbell speaks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from logonbell.sentence import Hole, Sentence
from logonbell.text.escape import LIMIT, Shown, escape

LANGUAGES = ("en", "ja")
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_WINDOWS_NAMES = {"japanese": "ja", "english": "en"}


def speak(sentence: Sentence, language: str, *, limit: int = LIMIT) -> Shown:
    """Say ``sentence``, and the sentences in its holes, in ``language``.

    Text in a hole is escaped, in at most ``limit`` characters.
    """
    words = catalogue(language)
    if sentence.many is None or sentence.count is None:
        form = words.gettext(sentence.words)
    else:
        form = words.ngettext(sentence.words, sentence.many, sentence.count)
    holes = {hole: _said(value, language, limit) for hole, value in sentence.holes.items()}
    return Shown(form.format_map(holes))


def _said(value: Hole, language: str, limit: int) -> str | int | float:
    match value:
        case Sentence():
            return speak(value, language, limit=limit)
        case str():
            return escape(value, limit)
        case _:
            return value


@cache
def catalogue(language: str) -> NullTranslations:
    """Load the words of one of ``LANGUAGES``; English is its own catalogue. ValueError for any other."""
    if language not in LANGUAGES:
        raise ValueError(language)
    if language == "en":
        return NullTranslations()
    folder = files("logonbell.text") / "locales" / language / "LC_MESSAGES"
    with (folder / "logonbell.mo").open("rb") as file:
        return GNUTranslations(file)


def language_of_locale(environment: Mapping[str, str], locale_name: str | None = None) -> str:
    """Choose the language of a machine: as gettext does, the first of its four variables that is set decides.

    Windows sets none of them: there ``locale_name`` decides, as ``locale.getlocale()[0]`` gives it
    (``Japanese_Japan``).
    """
    chosen = next((environment[name] for name in _VARIABLES if environment.get(name)), locale_name or "")
    for wanted in chosen.split(":"):
        word = wanted.partition(".")[0].partition("_")[0].partition("-")[0].lower()
        language = _WINDOWS_NAMES.get(word, word)
        if language in LANGUAGES:
            return language
    return "en"
