"""Sigma rules compiled into the intermediate form: pySigma parses them, and what logonbell cannot do is refused by name.

This and ``conditions`` are the only modules that import pySigma (LGPL-2.1; why: docs/decisions/sigma.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

import msgspec
from sigma.correlations import (
    SigmaCorrelationCondition,
    SigmaCorrelationConditionOperator,
    SigmaCorrelationFieldAlias,
    SigmaCorrelationRule,
    SigmaCorrelationType,
)
from sigma.exceptions import (
    SigmaAuthorError,
    SigmaConditionError,
    SigmaCorrelationConditionError,
    SigmaCorrelationRuleError,
    SigmaCorrelationTypeError,
    SigmaDateError,
    SigmaDescriptionError,
    SigmaDetectionError,
    SigmaError,
    SigmaFalsePositivesError,
    SigmaFieldsError,
    SigmaIdentifierError,
    SigmaLevelError,
    SigmaLicenseError,
    SigmaLogsourceError,
    SigmaModifiedError,
    SigmaModifierError,
    SigmaNameError,
    SigmaReferencesError,
    SigmaRelatedError,
    SigmaScopeError,
    SigmaStatusError,
    SigmaTagError,
    SigmaTaxonomyError,
    SigmaTimespanError,
    SigmaTitleError,
    SigmaValueError,
)
from sigma.modifiers import SigmaWideModifier, modifier_mapping
from sigma.pipelines.common import windows_logsource_mapping
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RegexEngine
from sigma.rule import SigmaRule
from sigma.rule.base import SigmaRuleBase
from sigma.rule.detection import SigmaDetection

from logonbell.alert import Level
from logonbell.likely import likely
from logonbell.rulebook.cannot import CannotError
from logonbell.rulebook.conditions import Writer
from logonbell.rulebook.document import Document, Place
from logonbell.rulebook.logsource import CATEGORIES, OWN_SERVICES
from logonbell.rulebook.mistake import Mistake
from logonbell.rulebook.patterns import linear
from logonbell.sentence import say
from logonbell.sigma.fields import CATEGORY, LOGON_FIELDS, PRODUCT
from logonbell.sigma.form import (
    EVERY,
    About,
    Book,
    Both,
    Condition,
    Correlation,
    Counted,
    Either,
    Field,
    Not,
    Number,
    Other,
    Pattern,
    Rule,
)


class _Linear(RegexEngine):
    """RE2 as it is used when rules run; pySigma's own writes each mistake to stderr."""

    def compile(self, pattern: str, flags: int = 0) -> Any:
        """Make an expression ready. Raises ``ValueError``."""
        known = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
        return linear(Pattern(pattern, "".join(letter for letter, flag in known.items() if flags & flag)))

    @property
    def error(self) -> type[Exception]:
        """What ``compile`` raises."""
        return ValueError


POLICY = SigmaPolicy(_Linear())
"""For rules that others wrote: expressions in linear time (RE2), and nothing that is fetched from elsewhere."""
FURTHEST = 10_000
"""So far a correlation counts: each match within its time is remembered."""
EXACT = 1 << 53
"""Numbers up to here are kept as they are."""
DAYS = 3653
"""So far back a correlation may look: ten years."""
OWN = "logonbell"
"""The attribute of our own in a shipped rule: whether it is switched off, and examples."""

_STREAMED: Mapping[SigmaCorrelationType, Any] = {
    SigmaCorrelationType.EVENT_COUNT: "event_count",
    SigmaCorrelationType.VALUE_COUNT: "value_count",
    SigmaCorrelationType.TEMPORAL: "temporal",
    SigmaCorrelationType.TEMPORAL_ORDERED: "temporal_ordered",
}
_PLACES: Sequence[tuple[type[SigmaError], Place]] = (
    (SigmaLevelError, ("level",)),
    (SigmaStatusError, ("status",)),
    (SigmaLogsourceError, ("logsource",)),
    (SigmaDateError, ("date",)),
    (SigmaIdentifierError, ("id",)),
    (SigmaNameError, ("name",)),
    (SigmaTitleError, ("title",)),
    (SigmaTagError, ("tags",)),
    (SigmaAuthorError, ("author",)),
    (SigmaDescriptionError, ("description",)),
    (SigmaFalsePositivesError, ("falsepositives",)),
    (SigmaFieldsError, ("fields",)),
    (SigmaLicenseError, ("license",)),
    (SigmaModifiedError, ("modified",)),
    (SigmaReferencesError, ("references",)),
    (SigmaRelatedError, ("related",)),
    (SigmaScopeError, ("scope",)),
    (SigmaTaxonomyError, ("taxonomy",)),
    (SigmaCorrelationTypeError, ("correlation", "type")),
    (SigmaCorrelationConditionError, ("correlation", "condition")),
    (SigmaTimespanError, ("correlation", "timespan")),
    (SigmaCorrelationRuleError, ("correlation",)),
    (SigmaConditionError, ("detection", "condition")),
    (SigmaDetectionError, ("detection",)),
)
modifier_mapping.setdefault("utf16le", SigmaWideModifier)  # the specification's own name for it
_WORDS = ("type", "rules", "aliases", "group-by", "timespan", "condition", "generate")
_REWRITING = frozenset({"windash", "wide", "utf16", "utf16be", "base64", "base64offset", "fieldref"})
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "level": tuple(level.word for level in Level),
    "status": ("stable", "test", "experimental", "deprecated", "unsupported"),
}


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of a set of documents: the rules, and what is wrong with the others."""

    book: Book
    mistakes: Sequence[Mistake] = ()


def compile_documents(
    documents: Iterable[Document],
    placeholders: Mapping[str, Sequence[str]] | None = None,
    taken: frozenset[str] = frozenset(),
) -> Compiled:
    """Compile rules and the correlations over them.

    A document with a mistake is left out, and so is each correlation that refers to it. ``placeholders`` are the values
    that the modifier ``expand`` puts in; ``taken`` are names that other rules have already.
    """
    compiling = _Compiling(placeholders or {}, taken)
    for document in documents:
        compiling.take(document)
    return compiling.finish()


class _Compiling:
    def __init__(self, placeholders: Mapping[str, Sequence[str]], taken: frozenset[str]) -> None:
        self._placeholders = placeholders
        self._taken = taken
        self._mistakes: list[Mistake] = []
        self._rules: dict[str, Rule] = {}
        self._waiting: dict[str, tuple[Document, About, SigmaCorrelationRule]] = {}
        self._made: dict[str, Correlation] = {}
        self._keys: dict[str, str] = {}
        self._generating: set[str] = set()
        self._broken: set[str] = set()

    def take(self, document: Document) -> None:
        """Compile a rule; a correlation waits until all rules are known."""
        try:
            if "correlation" in document.content:
                parsed = _parsed(document, SigmaCorrelationRule)
                about = self._known(_about(document, parsed))
                self._waiting[about.key] = (document, about, parsed)
            else:
                rule = rule_of(document, self._placeholders)
                self._known(rule.about)
                self._rules[rule.about.key] = rule
        except CannotError as error:
            self._mistakes.append(document.mistake(error.what, *error.place))
            self._broken.update(
                str(document.content[key]) for key in ("name", "id") if key in document.content
            )

    def _known(self, about: About) -> About:
        names = {name for name in (about.key, about.id, about.name) if name}
        taken = sorted(names & (self._keys.keys() | self._taken))
        if taken:
            raise CannotError(say("{name} names another rule already", name=f"'{taken[0]}'"), "name")
        self._keys.update(dict.fromkeys(names, about.key))
        return about

    def finish(self) -> Compiled:
        """Compile the correlations, and say of each rule whether it rings by itself."""
        for key in self._in_order():
            self._make(key)
        for document, _, _ in self._waiting.values():
            what = say("refers to itself, by way of others or at once")
            self._mistakes.append(document.mistake(what, "correlation", "rules"))
        made = list(self._made.values())
        serving = {key for one in made if one.about.key not in self._generating for key in one.rules}
        return Compiled(
            Book(
                tuple(
                    msgspec.structs.replace(one, rings=key not in serving) for key, one in self._rules.items()
                ),
                tuple(msgspec.structs.replace(one, rings=one.about.key not in serving) for one in made),
            ),
            self._mistakes,
        )

    def _in_order(self) -> Iterator[str]:
        """Give the correlations, those that they refer to first; not those that refer to themselves."""
        order: TopologicalSorter[str] = TopologicalSorter()
        for key, (_, _, parsed) in self._waiting.items():
            asked = [self._keys.get(str(one.reference), "") for one in parsed.rules or ()]
            order.add(key, *[each for each in asked if each in self._waiting])
        with suppress(CycleError):  # the others can be had all the same
            order.prepare()
        while order.is_active():
            ready = order.get_ready()
            yield from ready
            order.done(*ready)

    def _make(self, key: str) -> None:
        document, about, parsed = self._waiting.pop(key)
        try:
            self._made[key] = self._correlation(about, parsed, document.content["correlation"])
        except CannotError as error:
            self._mistakes.append(document.mistake(error.what, *error.place))
        if parsed.generate:
            self._generating.add(key)

    def _correlation(self, about: About, parsed: SigmaCorrelationRule, words: Iterable[str]) -> Correlation:
        for word in words:
            _check_word(word)
        if parsed.type not in _STREAMED:
            raise CannotError(
                say("correlations of the type {type} are not supported", type=parsed.type.name.lower()),
                "correlation",
                "type",
            )
        kind = _STREAMED[parsed.type]
        condition = parsed.condition
        if not isinstance(condition, SigmaCorrelationCondition):
            raise CannotError(say("conditions over rule names are not supported"), "correlation", "condition")
        keys = self._asked(parsed)
        counted = _counted(condition)
        if kind == "temporal_ordered" and counted != Counted(len(keys)):
            raise CannotError(
                say("an ordered correlation fires when all of its rules did; it takes no condition"),
                "correlation",
                "condition",
            )
        if kind == "temporal" and counted.least > len(keys):
            raise CannotError(
                say(
                    "counts to {count}, and names no more than {rules} rules",
                    count=counted.least,
                    rules=len(keys),
                ),
                "correlation",
                "condition",
            )
        if parsed.timespan.seconds > DAYS * 86400:
            raise CannotError(
                say("may look back {most:,} days at most", most=DAYS), "correlation", "timespan"
            )
        return Correlation(
            about=about,
            type=kind,
            rules=keys,
            grouped=tuple(parsed.group_by or ()),
            seconds=parsed.timespan.seconds,
            counted=counted,
            fields=_fields(condition.fieldref, counts=kind == "value_count"),
            aliases={alias.alias: self._alias(alias) for alias in parsed.aliases},
        )

    def _asked(self, parsed: SigmaCorrelationRule) -> tuple[str, ...]:
        keys: list[str] = []
        for one in parsed.rules or ():
            key = self._key(str(one.reference), "rules")
            if key in keys:
                raise CannotError(say("names {name} twice", name=f"'{key}'"), "correlation", "rules")
            keys.append(key)
        if not keys:
            raise CannotError(say("names no rules"), "correlation", "rules")
        return tuple(keys)

    def _alias(self, alias: SigmaCorrelationFieldAlias) -> dict[str, str]:
        place = ("correlation", "aliases", str(alias.alias))
        if not all(isinstance(name, str) for name in alias.mapping.values()):
            raise CannotError(say("an alias names one field for each rule"), *place)
        return {self._key(str(rule.reference), *place[1:]): name for rule, name in alias.mapping.items()}

    def _key(self, name: str, *place: str) -> str:
        key = self._keys.get(name)
        if key in self._rules or key in self._made:
            return str(key)
        if key is not None or name in self._broken:
            what = say("refers to {name}, which has a mistake", name=f"'{name}'")
        elif meant := likely(name, self._keys):
            what = say("there is no rule {name}. Did you mean {meant}?", name=f"'{name}'", meant=f"'{meant}'")
        else:
            what = say("there is no rule {name}", name=f"'{name}'")
        raise CannotError(what, "correlation", *place)


def rule_of(document: Document, placeholders: Mapping[str, Sequence[str]]) -> Rule:
    """Compile one rule over single events. Raises ``CannotError``."""
    content = document.content
    if "action" in content:
        raise CannotError(say("collections (action) are not supported; write each rule out"), "action")
    if "filter" in content and "detection" not in content:
        raise CannotError(say("Sigma filters are not supported; write the exception into the rule"), "filter")
    _check_detections(document)
    parsed = _parsed(document, SigmaRule)
    writer = Writer(placeholders)
    try:
        conditions = [writer.condition(one.parsed) for one in parsed.detection.parsed_condition]
    except SigmaError as error:
        raise CannotError(_said(error), "detection", "condition") from error
    except RecursionError as error:
        raise CannotError(say("the condition is nested too deeply"), "detection", "condition") from error
    condition = conditions[0] if len(conditions) == 1 else Either(tuple(conditions))
    channels, ids = _channels(parsed)
    if not channels:
        _check_fields(condition)
    if ids:
        asked = [Field("EventID", Number(each)) for each in ids]
        condition = Both((asked[0] if len(asked) == 1 else Either(tuple(asked)), condition))
    return Rule(about=_about(document, parsed), channels=channels, condition=condition)


def _parsed(document: Document, kind: type[Any]) -> Any:
    if not isinstance(document.content.get("id", ""), str):
        raise CannotError(say("the id must be a UUID"), "id")
    try:
        parsed = kind.from_dict(dict(document.content), collect_errors=True, policy=POLICY)
    except SigmaError as error:
        raise CannotError(_said(error), *_place(error)) from error
    except (
        AttributeError,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:  # it expects tables where others may stand
        raise CannotError(say("is no Sigma rule: {why}", why=str(error))) from error
    if parsed.errors:
        first = parsed.errors[0]
        raise CannotError(_said(first), *_place(first))
    return parsed


def _said(error: SigmaError) -> Any:
    """Give pySigma's words for a mistake, which are English, with what may be written instead where that is known."""
    why = str(error.args[0]).rstrip(".") if error.args else type(error).__name__
    place = _place(error)
    choices = _CHOICES.get(str(place[-1])) if place else None
    if choices:
        return say("{why}; it may be {choices}", why=why, choices=", ".join(choices))
    return say("{why}", why=why)


def _place(error: SigmaError) -> Place:
    return next((place for kind, place in _PLACES if isinstance(error, kind)), ())


def _check_detections(document: Document) -> None:
    """Try each selection by itself, so that a mistake is found at its own line."""
    detection = document.content.get("detection")
    if not isinstance(detection, Mapping):
        return  # pySigma says so
    asked = detection.get("condition", "")
    if not all(isinstance(one, str) for one in (asked if isinstance(asked, list) else [asked])):
        raise CannotError(say("the condition must be a text, or a list of texts"), "detection", "condition")
    for name, definition in detection.items():
        if name == "condition":
            continue
        for place, part in _parts(("detection", name), definition):
            if isinstance(part, Mapping):
                _check_modifiers(str(place[-1]).split("|")[1:], place)
            _check_values(part, place)
            try:
                SigmaDetection.from_definition(part, policy=POLICY)
            except (SigmaModifierError, SigmaValueError, SigmaDetectionError) as error:
                raise CannotError(_said(error), *place) from error
            except (AttributeError, TypeError, ValueError) as error:
                raise CannotError(say("is no selection: {why}", why=str(error)), *place) from error


def _check_modifiers(words: Sequence[str], place: Place) -> None:
    """Refuse a modifier that there is not, and ``cased`` where pySigma forgets it: before what makes another text."""
    for word in words:
        if word in modifier_mapping:
            continue
        meant = likely(word, modifier_mapping)
        if meant:
            what = say("there is no modifier {name}. Did you mean {meant}?", name=word, meant=meant)
        else:
            what = say("there is no modifier {name}", name=word)
        raise CannotError(what, *place)
    behind = words[words.index("cased") :] if "cased" in words else ()
    for word in behind:
        if word in _REWRITING:
            raise CannotError(say("cased must stand behind {modifier}", modifier=word), *place)


def _check_values(part: object, place: Place) -> None:
    """Refuse values that pySigma takes for others: it rounds large numbers, and knows no escaped percent sign."""
    key, values = next(iter(part.items())) if isinstance(part, Mapping) and part else ("", part)
    words = str(key).split("|")
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, int) and abs(value) > EXACT:
            raise CannotError(say("the number is too large; put it in quotes, as a text"), *place)
        if "re" in words and not isinstance(value, str):
            raise CannotError(say("an expression must be a text; put it in quotes"), *place)
        if isinstance(value, str) and "\\%" in value and "expand" in words:
            raise CannotError(say("\\% is not supported together with expand"), *place)


def _parts(place: Place, definition: object) -> list[tuple[Place, Any]]:
    """Take a selection apart into what pySigma can be asked about alone: each key with its value."""
    match definition:
        case Mapping() if definition:
            return [((*place, str(key)), {key: value}) for key, value in definition.items()]
        case list() if any(isinstance(one, Mapping) for one in definition):
            return [part for number, one in enumerate(definition) for part in _parts((*place, number), one)]
        case _:
            return [(place, definition)]


def _channels(parsed: SigmaRule) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Give the channels of a rule's log source, and the event ids that its category stands for; none are logons."""
    source = parsed.logsource
    category, product, service = source.category, source.product, source.service
    if product == PRODUCT:
        if category == CATEGORY and service is None:
            return (), ()
        raise CannotError(say("of logonbell there is the category logon alone"), "logsource")
    if product not in {"windows", None}:
        raise CannotError(
            say("the product {product} is not followed; windows and logonbell are", product=str(product)),
            "logsource",
            "product",
        )
    named = _channels_of(service) if service is not None else None
    if category is None:
        return named or (EVERY,), ()
    if category not in CATEGORIES:
        raise CannotError(
            say("no event of Windows' logs is known for the category {category}", category=category),
            "logsource",
            "category",
        )
    kind = CATEGORIES[category]
    both = tuple(channel for channel in kind.channels if named is None or channel in named)
    if not both:
        raise CannotError(
            say(
                "the category {category} is not in the log of {service}",
                category=category,
                service=str(service),
            ),
            "logsource",
            "category",
        )
    return both, kind.ids


def _channels_of(service: str) -> tuple[str, ...]:
    known: Mapping[str, Any] = {**windows_logsource_mapping, **OWN_SERVICES}
    channels = known.get(service)
    if channels is None:
        meant = likely(service, known)
        what = say("no channel is known for the service {service}", service=service)
        if meant:
            what = say("{what}. Did you mean {meant}?", what=what, meant=meant)
        raise CannotError(what, "logsource", "service")
    return (channels,) if isinstance(channels, str) else tuple(channels)


def _check_fields(condition: Condition) -> None:
    """Refuse a rule over logons that asks for a field that logons have not: it would never fire, and nobody would know."""
    match condition:
        case Field(name, test):
            for asked in (name, test.field if isinstance(test, Other) else name):
                if asked not in LOGON_FIELDS:
                    meant = likely(asked, LOGON_FIELDS)
                    known = (
                        say("Did you mean {meant}?", meant=meant)
                        if meant
                        else say("They are listed in docs/rules.md.")
                    )
                    raise CannotError(
                        say("logons have no field {name}. {hint}", name=asked, hint=known), "detection"
                    )
        case Both(of) | Either(of):
            for one in of:
                _check_fields(one)
        case Not(of):
            _check_fields(of)
        case _:
            pass


def _about(document: Document, parsed: SigmaRuleBase) -> About:
    own = document.content.get(OWN)
    own = own if isinstance(own, Mapping) else {}
    number = str(parsed.id) if parsed.id else None
    return About(
        key=parsed.name or number or parsed.title,
        title=parsed.title,
        id=number,
        name=parsed.name,
        level=int(Level[parsed.level.name]) if parsed.level else int(Level.MEDIUM),
        status=parsed.status.name.lower() if parsed.status else None,
        author=parsed.author,
        description=parsed.description,
        license=parsed.license,
        falsepositives=tuple(map(str, parsed.falsepositives)),
        references=tuple(map(str, parsed.references)),
        tags=tuple(map(str, parsed.tags)),
        off=bool(own.get("switched_off", False)),
    )


def _check_word(word: str) -> None:
    """Refuse a key that correlations do not have: misspelt, it would say nothing, and nobody would know."""
    if word in _WORDS:
        return
    meant = likely(word, _WORDS)
    if meant:
        what = say("correlations have no {word}. Did you mean {meant}?", word=f"'{word}'", meant=f"'{meant}'")
    else:
        what = say("correlations have no {word}", word=f"'{word}'")
    raise CannotError(what, "correlation", word)


def _fields(asked: object, *, counts: bool) -> tuple[str, ...]:
    """Give the fields whose values are counted."""
    place = ("correlation", "condition", "field")
    if not counts:
        if asked is not None:
            raise CannotError(say("only value_count counts the values of a field"), *place)
        return ()
    names = asked if isinstance(asked, list) else [asked]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise CannotError(say("must be the name of a field, or a list of them"), *place)
    return tuple(names)


def _counted(condition: SigmaCorrelationCondition) -> Counted:
    operators = SigmaCorrelationConditionOperator
    match condition.op:
        case operators.GTE:
            least, exactly = condition.count, False
        case operators.GT:
            least, exactly = condition.count + 1, False
        case operators.EQ:
            least, exactly = condition.count, True
        case _:
            raise CannotError(
                say("less than a number cannot be told while events still come; gte, gt and eq can"),
                "correlation",
                "condition",
            )
    if least != int(least) or not 1 <= least <= FURTHEST:
        raise CannotError(
            say("must count to a whole number from 1 to {most:,}", most=FURTHEST), "correlation", "condition"
        )
    return Counted(int(least), exactly)
