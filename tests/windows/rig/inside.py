"""Asks inside Wine what our use of pywin32 and psutil gives there, and prints it as one line of JSON."""

# ruff: noqa: E402  what is imported is there on Windows only

from __future__ import annotations

import sys

assert sys.platform == "win32"

import json
import os
import socket
import tempfile
import threading
import winreg
from collections.abc import Callable
from pathlib import Path
from random import Random

import pywintypes
import win32evtlog

from logonbell.agent import utc_now
from logonbell.errors import Refused
from logonbell.instance import FIRMWARE, may_be_instance
from logonbell.simulate.ssm import SsmAgent
from logonbell.simulate.ssm_documents import port
from logonbell.ssm.files import _descriptor
from logonbell.ssm.processes import HostProcesses
from logonbell.ssm.source import SsmSource
from logonbell.store.folder import PAUSE, patiently
from logonbell.store.outbox import Outbox
from logonbell.windows.folders import program_data, program_files, system_folder
from logonbell.windows.sddl import OURS
from logonbell.windows.security import OwnSecurity


def told(what: Callable[[], object]) -> object:
    """Give what comes of it, or how it fails."""
    try:
        return what()
    except (OSError, Refused, pywintypes.error) as error:
        return f"{type(error).__name__}: {error}"


def processes() -> dict[str, object]:
    """Look at this process, and for the two ends of a connection within this host (Wine says of none who holds it)."""
    host, me = HostProcesses(), os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", number)) as client, server.accept()[0]:
            mine = client.getsockname()[1]
            ends = [(each.local_port, each.remote_port) for each in host.connections()]
    started = host.started(me)
    return {
        "started": started is not None and abs((utc_now() - started).total_seconds()) < 300,
        "gone": host.started(999_999) is None,
        "arguments": list(host.arguments(me)),
        "ends": [(mine, number) in ends, (number, mine) in ends],
        "addresses": list(host.addresses()),
    }


def sessions(folder: Path) -> dict[str, object]:
    """Find a session of the SSM agent whose worker is this process, by its process and by its tunnel's port."""
    agent = SsmAgent(folder, Random(1), utc_now)  # noqa: S311 - repeatable, not secret
    agent.start()
    document = agent.submit(port("arn:aws:sts::111122223333:assumed-role/ops/alice", "alice", 3389))
    agent.begin(document, process=os.getpid(), started=HostProcesses().started(os.getpid()))
    agent.settle()
    source = SsmSource(agent.data, host="", clock=utc_now, logs=agent.logs, processes=HostProcesses())
    return {
        "by process": [each.owner for each in source.live(process=os.getpid())],
        "by port": [each.owner for each in source.live(port=3389)],
        "of another": [each.owner for each in source.live(process=4)],
    }


def security(folder: Path) -> dict[str, object]:
    """Ask for and set an access list."""
    asked = OwnSecurity()
    return {
        "elevated": told(asked.elevated),
        "before": told(lambda: asked.sddl(folder)),
        "set": told(lambda: asked.secure(folder, OURS)),
        "after": told(lambda: asked.sddl(folder)),
        "not there": told(lambda: asked.sddl(folder / "nowhere")),
        "sid of system": told(lambda: asked.sid_of("SYSTEM")),
        "sid of nobody": told(lambda: asked.sid_of("no such account")),
    }


def firmware() -> list[bool]:
    """Ask whether this may be an EC2 instance, before and after the firmware says who made it."""
    before = may_be_instance({})
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, FIRMWARE, 0, winreg.KEY_SET_VALUE) as key:
        winreg.SetValueEx(key, "SystemManufacturer", 0, winreg.REG_SZ, "Amazon EC2")
    return [before, may_be_instance({})]


def agents(folder: Path) -> list[object]:
    """Open a state folder twice at a time, and once more when it is free."""

    def opened() -> object:
        outbox = Outbox.open(folder, now=utc_now())
        try:
            return told(lambda: Outbox.open(folder, now=utc_now()))
        finally:
            outbox.close()

    return [os.getpid(), opened(), opened()]


def sharing(folder: Path) -> dict[str, object]:
    """Move a file that somebody reads: as Python's own ``open`` does, for a moment or for good, and as we do."""
    path = folder / "file"
    path.write_text("text")
    with path.open("rb"):
        held = told(lambda: path.rename(folder / "moved"))
    file = path.open("rb")
    scanner = threading.Timer(3 * PAUSE, file.close)
    scanner.start()
    patient = told(lambda: patiently(lambda: path.rename(folder / "moved")))
    scanner.join()
    descriptor = _descriptor(folder / "moved")
    ours = told(lambda: (folder / "moved").rename(path).name)
    os.close(descriptor)
    return {"held": held, "patient": patient, "ours": ours}


def main() -> None:
    """Print it all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ssm").mkdir()
        (folder / "ours").mkdir()
        found = {
            "flags": {each: getattr(win32evtlog, each, None) for each in sys.argv[1:]},
            "processes": processes(),
            "sessions": sessions(folder / "ssm"),
            "security": security(folder / "ours"),
            "firmware": firmware(),
            "agents": agents(folder / "state"),
            "sharing": sharing(folder / "ours"),
            "folders": [str(each) for each in (system_folder(), program_data(), program_files())],
        }
    print(json.dumps(found))  # noqa: T201 - that is its purpose


if __name__ == "__main__":
    main()
