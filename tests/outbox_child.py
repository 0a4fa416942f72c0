"""A process that works on an outbox until it is killed: ``outbox_child.py kill|full|forbidden|stranger|hold FOLDER``."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from logonbell.errors import Refused
from logonbell.store.outbox import Outbox
from notifications import NOON
from reading import SOURCE, commit, pending, single


def tell(word: object) -> None:
    """Say how far it came, at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def deliver(folder: Path) -> None:
    """Mark one delivery after the other, as a notifier's thread does."""
    outbox = Outbox.join(folder)
    while True:
        for delivery in pending(outbox, "sns", limit=3):
            outbox.tellings.delivered(delivery, f"receipt {single(delivery).sequence}", NOON)
        time.sleep(0.001)


def kill(folder: Path) -> None:
    """Commit one event after the other, from the bookmark on."""
    outbox = Outbox.open(folder, now=NOON)
    threading.Thread(target=deliver, args=(folder,), daemon=True).start()
    number = int(outbox.bookmark(SOURCE) or 0)
    while True:
        number += 1
        commit(outbox, number)
        tell(number)
        if number % 7 == 0:
            outbox.renew_copy(NOON)


def full(folder: Path) -> None:
    """Commit until no file may grow any more, then let files grow again."""
    import resource  # noqa: PLC0415 (Unix only)

    outbox = Outbox.open(folder, now=NOON)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    number = 0
    try:
        while True:
            commit(outbox, number + 1)
            number += 1
    except Refused as refused:
        tell(refused)
    tell(number)
    tell(outbox.bookmark(SOURCE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    commit(outbox, number + 1)
    tell(outbox.bookmark(SOURCE))
    outbox.close()


def forbidden(folder: Path) -> None:
    """Open an outbox as somebody whom its folder forbids it."""
    if os.geteuid() == 0:
        os.setuid(65534)  # root is forbidden nothing
    try:
        Outbox.open(folder, now=NOON)
    except Refused as refused:
        tell(refused)


def stranger(folder: Path) -> None:
    """Open an outbox in a folder of one's own, in one that may be passed and not be read."""
    if os.geteuid() == 0:
        os.setuid(65534)
    outbox = Outbox.open(folder, now=NOON)
    commit(outbox, 1)
    tell(outbox.bookmark(SOURCE))
    outbox.close()


def hold(folder: Path) -> None:
    """Own the folder until killed."""
    outbox = Outbox.open(folder, now=NOON)
    tell(os.getpid())
    time.sleep(60)
    outbox.close()


if __name__ == "__main__":
    {"kill": kill, "full": full, "forbidden": forbidden, "stranger": stranger, "hold": hold}[sys.argv[1]](
        Path(sys.argv[2])
    )
