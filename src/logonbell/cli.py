"""Arguments in, exit code out."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from logonbell import __version__
from logonbell.commands.desk import INTERRUPTED, MENDABLE, OURS, Desk
from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.text.language import LANGUAGES, speak

CONFIG = (
    Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "logonbell", "logonbell.toml")
    if sys.platform == "win32"
    else Path("/etc/logonbell/logonbell.toml")
)

_config = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=CONFIG,
    show_default=True,
    help="The settings.",
)
_language = click.option(
    "--lang", type=click.Choice(LANGUAGES), help="The language; else the settings', else that of the locale."
)
_format = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl"]),
    default="table",
    show_default=True,
    help="For whom.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="logonbell")
def logonbell() -> None:
    """Rings within a second when someone gets onto your bastion, and says who, and by which door."""


@logonbell.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LOG...")
@_format
@_language
def read(paths: tuple[Path, ...], form: str, lang: str | None) -> int:
    """Tell who came in, by which door, from event log files (or folders of them)."""
    from logonbell.commands.read import read as run  # noqa: PLC0415 - a command loads what it needs, no more

    return run(_desk(lang), paths, as_lines=form == "jsonl")


@logonbell.command()
@_config
@click.option("--once", is_flag=True, help="Read everything since the bookmark, deliver, and end.")
@_language
def watch(config_path: Path, once: bool, lang: str | None) -> int:
    """Follow the sources and ring; never send an alert twice."""
    from logonbell.commands.watch import watch as run  # noqa: PLC0415 - a command loads what it needs, no more

    return run(_desk(lang), config_path, once=once)


@logonbell.command()
@_config
@_language
def test(config_path: Path, lang: str | None) -> int:
    """Ring once through every configured notifier, and say what came back."""
    from logonbell.commands.ring import ring as run  # noqa: PLC0415 - a command loads what it needs, no more

    return run(_desk(lang), config_path)


@logonbell.command()
@_config
@_format
@_language
def status(config_path: Path, form: str, lang: str | None) -> int:
    """Say how far it has read, what waits, what was delivered, and what went wrong last."""
    from logonbell.commands.status import status as run  # noqa: PLC0415 - a command loads what it needs, no more

    return run(_desk(lang), config_path, as_lines=form == "jsonl")


@logonbell.command("check-config")
@_config
@_language
def check_config(config_path: Path, lang: str | None) -> int:
    """Name every mistake of the settings at once."""
    from logonbell.commands.check_config import check_config as run  # noqa: PLC0415 - a command loads what it needs, no more

    return run(_desk(lang), config_path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 1 for what the user can mend, 3 for our own faults."""
    desk = _desk(None)
    try:
        code: Any = logonbell.main(arguments, prog_name="logonbell", standalone_mode=False)
        _flush(sys.stdout.flush)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return MENDABLE
    except Refused as refused:
        desk.refuse(refused)
        return MENDABLE
    except BrokenPipeError:
        _flush(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()))
        return MENDABLE
    except Exception:  # noqa: BLE001 - the one boundary: our fault is told as ours
        desk.err.line(traceback.format_exc())
        desk.err.line(
            speak(
                say("This is a fault of logonbell {version}, not yours.", version=__version__), desk.language
            )
        )
        desk.err.line(speak(say("Please report it with the lines above."), desk.language))
        return OURS


def _desk(language: str | None) -> Desk:
    return Desk.at(sys.stdout, sys.stderr, os.environ, language=language)


def _flush(act: Callable[[], object]) -> None:
    """Act on a stream whose reader may have gone."""
    try:
        act()
    except OSError:
        return
