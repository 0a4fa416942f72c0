r"""The name under which logonbell writes its own warnings into the log Application, kept in the registry."""

from __future__ import annotations

from logonbell.programs import Commands, demand

NAME = "logonbell"
KEY = rf"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\{NAME}"
MESSAGES = r"%SystemRoot%\System32\EventCreate.exe"
"""Windows' own file of messages that are nothing but the text handed in (the ids 1 to 1000)."""


def is_registered(run: Commands) -> bool:
    """Tell whether the source is there, with its messages."""
    answer = run("reg", "query", KEY, "/v", "EventMessageFile")
    return answer.code == 0 and "eventcreate.exe" in answer.out.casefold()


def register(run: Commands) -> None:
    """Make it. Raises ``Refused``."""
    for name, kind, data in (
        ("EventMessageFile", "REG_EXPAND_SZ", MESSAGES),
        ("TypesSupported", "REG_DWORD", "7"),
    ):
        demand(run("reg", "add", KEY, "/v", name, "/t", kind, "/d", data, "/f"), "reg")


def remove(run: Commands) -> None:
    """Take it away. Raises ``Refused``."""
    demand(run("reg", "delete", KEY, "/f"), "reg")
