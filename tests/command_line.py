"""A command line as somebody types it, read by the program and not run."""

from __future__ import annotations

from collections.abc import Sequence

import click

from logonbell.cli import logonbell


def as_typed(name: str, arguments: Sequence[str]) -> click.Context:
    """Read the arguments of a command below the program itself, whose settings each command inherits and keeps."""
    above = click.Context(logonbell, info_name="logonbell", **logonbell.context_settings)
    return logonbell.commands[name].make_context(name, list(arguments), parent=above)
