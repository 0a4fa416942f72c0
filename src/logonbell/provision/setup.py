"""What is set up, and the promise of a machine on which it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from logonbell.provision.steps import Step
from logonbell.sigma.wanted import Ids


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is set up: the text of the settings, and what follows from them.

    ``query``: the query whose events start the agent (None: it runs always). ``state`` is the folder of state; ``named``
    are all files and folders that the settings name, ``written`` the folders of those that are written.
    """

    settings: str
    query: str | None = None
    state: Path | None = None
    named: Sequence[Path] = ()
    written: Sequence[Path] = ()


class Setup(Protocol):
    """A machine that is set up, or put back as it was. All raise ``Refused`` where that cannot be."""

    @property
    def settings(self) -> Path:
        """The file of settings that is read once it is installed."""
        ...

    @property
    def record(self) -> Path:
        """What is remembered of how it was before."""
        ...

    @property
    def kept(self) -> Collection[str]:
        """The names of the steps whose work stays where history and settings are to stay."""
        ...

    def refuse_unprivileged(self) -> None:
        """Refuse where this process may not change the machine."""
        ...

    def refuse_unfit(self, wanted: Wanted) -> None:
        """Refuse where the machine, or the place of the program, would make the installation unsafe or incomplete."""
        ...

    def resolved(self, text: str, path: Path) -> str:
        """Give settings with the names that are only known here made unmistakable."""
        ...

    def starting_at(self, wanted: Mapping[str, Ids]) -> str:
        """Give the query whose events start the agent, of these events."""
        ...

    def steps(self, wanted: Wanted | None = None) -> list[Step]:
        """List the steps. Without ``wanted`` they can only be taken back."""
        ...

    def start(self) -> None:
        """Start the agent, anew where it runs already."""
        ...
