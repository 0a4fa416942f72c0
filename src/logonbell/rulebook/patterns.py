"""Regular expressions in linear time: whoever wrote the rule, and whoever wrote the value."""

from __future__ import annotations

from logonbell.sigma.evaluate import Compiled
from logonbell.sigma.form import Pattern


def linear(pattern: Pattern) -> Compiled:
    """Make an expression ready with RE2. Raises ``ValueError`` where RE2 is missing, or does not know its syntax."""
    try:
        import re2  # noqa: PLC0415 - only rules with expressions need it
    except ImportError as error:
        raise ValueError("google-re2 is not installed") from error
    options = re2.Options()
    options.log_errors = False
    flags = f"(?{pattern.flags})" if pattern.flags else ""
    try:
        compiled: Compiled = re2.compile(flags + pattern.pattern, options)
    except re2.error as error:
        why = error.args[0] if error.args else b""
        raise ValueError(why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)) from error
    return compiled
