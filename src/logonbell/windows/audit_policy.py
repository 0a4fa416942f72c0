"""What Windows audits: read and set through auditpol, by GUID and number, since its words are those of the machine."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from logonbell.errors import Refused
from logonbell.programs import Commands, demand
from logonbell.recognise.subcategories import name_of
from logonbell.sentence import Sentence, say

SUCCESS = 1
FAILURE = 2
_NONE = 4
"""How [MS-GPAC] 2.2.1.3.1 numbers them; 4 is "no auditing", said expressly."""
_GUID = re.compile(r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")


@dataclass(frozen=True, slots=True)
class Need:
    """A subcategory that recognising needs: its GUID, what of it (``SUCCESS``, ``FAILURE`` or both), and what for."""

    guid: str
    bits: int
    means: Sentence

    @property
    def name(self) -> str:
        """What auditpol calls it in English."""
        return name_of(self.guid)


def _need(part: str, bits: int, means: Sentence) -> Need:
    return Need(f"{{0CCE{part}-69AE-11D9-BED3-505054503030}}", bits, means)


NEEDS = (
    _need("9215", SUCCESS | FAILURE, say("logons, and those that failed (4624, 4625, 4648)")),
    _need("9216", SUCCESS, say("the end of a session (4634, 4647)")),
    _need("921B", SUCCESS, say("who has an administrator's rights (4672, 4964)")),
    _need("9249", SUCCESS, say("who is a domain admin (4627)")),
    _need("921C", SUCCESS, say("who comes back to a session (4778, 4779)")),
    _need("9235", SUCCESS, say("ssm-user switched on and off (4722, 4725), users made (4720)")),
    _need("9237", SUCCESS, say("new members of the administrators (4732)")),
    _need("922F", SUCCESS, say("changes of the audit policy itself (4719)")),
)
"""What is needed. The GUIDs are those of [MS-GPAC] 2.2.1.4."""


def read(run: Commands) -> Mapping[str, int]:
    """Give what is audited, by GUID in upper case: ``SUCCESS``, ``FAILURE``, both, or 0. Raises ``Refused``.

    It is read from what ``/backup`` writes: ``/get /r`` has no numbers, only words in the machine's language.
    """
    with tempfile.TemporaryDirectory(prefix="logonbell") as folder:
        path = Path(folder, "audit.csv")
        demand(run("auditpol", "/backup", f"/file:{path}"), "auditpol")
        try:
            # Only GUIDs and numbers are looked at; whichever code page the names are in, these are ASCII.
            raw = path.read_bytes()
        except OSError as error:
            raise Refused(
                say("auditpol wrote no file: {why}.", why=error.strerror or str(error)),
                say("Look whether the disk is full."),
            ) from error
    text = raw.decode("utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin-1")
    found: dict[str, int] = {}
    for row in csv.reader(text.splitlines()):
        # Machine Name, Policy Target, Subcategory, Subcategory GUID, Inclusion Setting, Exclusion Setting, Setting Value
        if len(row) >= 7 and _GUID.fullmatch(row[3]) and row[6].strip().isdecimal():
            found.setdefault(row[3].upper(), int(row[6]) & ~_NONE)
    if not found:
        raise Refused(
            say("auditpol said nothing that can be read of what is audited."),
            say("Look at what it says itself: auditpol /get /category:*"),
        )
    return found


def switch(run: Commands, guid: str, bits: int, *, on: bool) -> None:
    """Switch auditing of ``bits`` of a subcategory on or off, and leave the other as it is. Raises ``Refused``."""
    how = "enable" if on else "disable"
    wanted = [f"/{word}:{how}" for bit, word in ((SUCCESS, "success"), (FAILURE, "failure")) if bits & bit]
    demand(run("auditpol", "/set", f"/subcategory:{guid}", *wanted), "auditpol")
