"""pySigma's conditions and values, written in the intermediate form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from logonbell.rulebook.cannot import CannotError
from logonbell.sentence import say
from logonbell.sigma.form import (
    Anywhere,
    Both,
    Compared,
    Condition,
    Either,
    Exists,
    Field,
    Moment,
    Network,
    Not,
    Null,
    Number,
    Other,
    Pattern,
    Test,
    Text,
    Truth,
)

LARGEST = 20_000
"""So many tests one rule may come to, when its lists and expansions are written out."""

_COMPARED: Mapping[CompareOperators, Any] = {
    CompareOperators.LT: "lt",
    CompareOperators.LTE: "lte",
    CompareOperators.GT: "gt",
    CompareOperators.GTE: "gte",
}
_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_WILD = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}


@dataclass(slots=True)
class Writer:
    """Writes the condition of one rule. ``placeholders`` are the values that ``expand`` puts in, by name."""

    placeholders: Mapping[str, Sequence[str]]
    tests: int = 0

    def condition(self, parsed: object) -> Condition:
        """Write a condition as pySigma has parsed it. Raises ``CannotError`` for what it holds and we cannot do."""
        match parsed:
            case ConditionAND(args=args):
                return _joined(Both, [self.condition(one) for one in args])
            case ConditionOR(args=args):
                return _joined(Either, [self.condition(one) for one in args])
            case ConditionNOT(args=[inner]):
                return Not(self.condition(inner))
            case ConditionFieldEqualsValueExpression(field=str() as name, value=value):
                return _joined(Either, [Field(name, test) for test in self._tests(value)])
            case ConditionValueExpression(value=value):
                return _joined(Either, [self._keyword(test) for test in self._tests(value)])
            case _:
                raise CannotError(say("the condition is empty"), "detection", "condition")

    def _keyword(self, test: Test) -> Anywhere:
        if isinstance(test, Text | Number | Pattern):
            return Anywhere(test)
        raise CannotError(say("a keyword must be a text, a number or an expression"), "detection")

    def _tests(self, value: SigmaType) -> Iterator[Test]:
        """Write a value: one test, or one for each of the values that it stands for."""
        for test in self._written(value):
            self.tests += 1
            if self.tests > LARGEST:
                raise CannotError(say("comes to more than {most:,} tests", most=LARGEST), "detection")
            yield test

    def _written(self, value: SigmaType) -> Iterator[Test]:
        match value:
            case SigmaExpansion(values=values):
                for one in values:
                    yield from self._written(one)
            case SigmaString():
                for text in value.replace_placeholders(self._fill):
                    yield _text(text, cased=isinstance(value, SigmaCasedString))
            case SigmaRegularExpression():
                flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
                for text in value.regexp.replace_placeholders(self._fill):
                    yield Pattern(str(text), flags)
            case _:
                yield _test(value)

    def _fill(self, placeholder: Placeholder) -> Iterator[str | SpecialChars | Placeholder | SigmaString]:
        values = self.placeholders.get(placeholder.name)
        if not values:
            raise CannotError(
                say(
                    "asks for the values of {name}; name them in the settings, under [rules.placeholders]",
                    name=f"%{placeholder.name}%",
                ),
                "detection",
            )
        yield from map(SigmaString, values)


def _test(value: SigmaType) -> Test:
    match value:
        case SigmaTimestampPart():
            return Moment(_part(value), "eq", _number(value))
        case SigmaNumber():
            return Number(_number(value))
        case SigmaBool():
            return Truth(value.boolean)
        case SigmaNull():
            return Null()
        case SigmaExists():
            return Exists(value.exists)
        case SigmaCIDRExpression():
            return Network(str(value.network))
        case SigmaCompareExpression():
            return _compared(value)
        case SigmaFieldReference():
            return Other(value.field, value.starts_with, value.ends_with)
    kind = type(value).__name__
    raise CannotError(say("a value of the kind {kind} is not supported", kind=kind), "detection")


def _compared(value: SigmaCompareExpression) -> Test:
    by, number = _COMPARED[value.op], value.number
    if isinstance(number, SigmaTimestampPart):
        return Moment(_part(number), by, _number(number))
    return Compared(by, _number(number))


def _joined(how: type[Both | Either], conditions: Sequence[Condition]) -> Condition:
    """Join conditions; those that are joined in the same way already become one list."""
    flat: list[Condition] = []
    for one in conditions:
        flat.extend(one.of if isinstance(one, how) else (one,))
    return flat[0] if len(flat) == 1 else how(tuple(flat))


def _text(value: SigmaString, *, cased: bool) -> Text:
    parts, wild = [""], ""
    for piece in value.s:
        if isinstance(piece, str):
            parts[-1] += piece
        elif isinstance(piece, SpecialChars):
            mark = _WILD[piece]
            if mark == "*" and wild.endswith("*") and parts[-1] == "":
                continue  # two stars say no more than one
            wild += mark
            parts.append("")
    return Text(tuple(parts), wild, cased)


def _part(value: SigmaTimestampPart) -> Any:
    return value.timestamp_part.name.lower()


def _number(value: SigmaNumber) -> int | float:
    number = value.number
    return int(number) if float(number).is_integer() else float(number)
