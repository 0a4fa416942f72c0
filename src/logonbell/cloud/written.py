"""The template as text, for people (YAML) and for machines (JSON), and read again from either."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

Template = Mapping[str, Any]


def written(template: Template, form: str, *, plain: bool = False) -> str:
    """Write it in one of ``yaml`` and ``json``; ``plain``: in ASCII. JSON has no blanks: CloudFormation counts them."""
    if form == "json":
        return json.dumps(template, ensure_ascii=plain, separators=(",", ":"))
    import yaml  # noqa: PLC0415 - 20 ms that others do without

    dumper, _ = _yaml()
    text = yaml.dump(
        template,
        Dumper=dumper,
        sort_keys=False,
        allow_unicode=not plain,
        default_flow_style=None,
        width=200,
    )
    return str(text).rstrip("\n")


def read_template(text: str) -> Template:
    """Read a template from JSON or YAML, CloudFormation's short functions included. Raises ``ValueError``."""
    import yaml  # noqa: PLC0415 - likewise

    _, loader = _yaml()
    try:
        found = yaml.load(text, Loader=loader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    if not isinstance(found, dict):
        raise ValueError("no template")  # noqa: TRY004 - it is not a type that is wrong, but the text
    return found


@cache
def _yaml() -> tuple[Any, Any]:
    """Make what writes and reads CloudFormation's YAML, which has a short form of each function (``!Ref``)."""
    import yaml  # noqa: PLC0415 - likewise

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines as such, and every value out where it stands."""

        def ignore_aliases(self, _data: object) -> bool:
            return True

    class Loader(yaml.SafeLoader):
        """Reads the short functions as the long ones."""

    Dumper.add_representer(str, _text)
    Dumper.add_representer(dict, _mapping)
    Dumper.add_representer(list, _list)
    Loader.add_multi_constructor("!", _function)
    return Dumper, Loader


def _text(dumper: Any, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


def _list(dumper: Any, value: list[Any]) -> Any:
    """Write what consists of short functions in lines: lists of rules are long."""
    short = all(
        isinstance(one, dict) and len(one) == 1 and next(iter(one)).startswith(("Ref", "Fn::"))
        for one in value
    )
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=short or None)


def _mapping(dumper: Any, value: Mapping[str, Any]) -> Any:
    if len(value) == 1:
        ((name, inner),) = value.items()
        tag = f"!{name.removeprefix('Fn::')}"
        if name == "Fn::GetAtt":
            return dumper.represent_scalar(tag, ".".join(inner))
        if (name == "Ref" or name.startswith("Fn::")) and isinstance(inner, str):
            return dumper.represent_scalar(tag, inner)
        if name.startswith("Fn::"):
            return dumper.represent_sequence(tag, inner)
    return dumper.represent_dict(value)


def _function(loader: Any, name: str, node: Any) -> dict[str, Any]:
    long = name if name in {"Ref", "Condition"} else f"Fn::{name}"
    match node.id:
        case "scalar":
            scalar = loader.construct_scalar(node)
            return {long: scalar.split(".", 1) if name == "GetAtt" else scalar}
        case "sequence":
            return {long: loader.construct_sequence(node, deep=True)}
        case _:
            return {long: loader.construct_mapping(node, deep=True)}
