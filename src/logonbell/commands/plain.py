"""How is judged without any settings: by the plain rules, and the shipped Sigma rules."""

from __future__ import annotations

from collections.abc import Sequence

from logonbell.errors import Refused
from logonbell.judge import Judge
from logonbell.likely import likely
from logonbell.rule import Rules
from logonbell.rulebook.shelf import chosen, ringing, shipped
from logonbell.sentence import say
from logonbell.sigma.detect import Detector
from logonbell.sigma.form import Book


def plain_book(on: Sequence[str] = ()) -> Book:
    """Give the shipped rules, and those of them that ``on`` switches on. Raises ``Refused`` for one that is not known."""
    known = [one.about.key for one in ringing(shipped())]
    for name in on:
        if name not in known:
            meant = likely(name, known)
            raise Refused(
                say("There is no shipped rule {name}.", name=name),
                say("Did you mean {meant}?", meant=meant)
                if meant
                else say("There are: {known}.", known=", ".join(known)),
            )
    return chosen(shipped(), on, ())


def plain_judge(book: Book) -> Judge:
    """Make what judges by these rules, without any settings."""
    return Judge(Rules(), Detector(book))
