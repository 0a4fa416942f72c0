"""A real Debian with a real systemd, in a virtual machine that QEMU computes, without KVM.

It is driven by a shell on its second serial line.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv" / "linux"
TOOLS = ("qemu-system-x86", "mmdebstrap", "e2fsprogs")
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "systemd-timesyncd",
    "dbus",
    "linux-image-cloud-amd64",
    "initramfs-tools",
    "openssh-server",
    "openssh-client",
    "python3",
    "python3-venv",
    "sudo",
    "iproute2",
    "procps",
    "login",
    "ca-certificates",
)
PLACE = "/opt/logonbell"
HAND = """\
[Unit]
Description=The shell by which this machine is tried
DefaultDependencies=no
After=sysinit.target
[Service]
ExecStart=/bin/bash --noprofile --norc
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8
Restart=always
"""
BOOT = 300.0
"""Seconds that a start may take, where several such tests share two cores."""


def _run(*arguments: str | Path) -> None:
    subprocess.run(arguments, check=True, capture_output=True, text=True)


def set_up() -> str:
    """Install what is missing, and make the system's files once; give why that could not be done, or nothing."""
    try:
        if shutil.which("qemu-system-x86_64") is None or shutil.which("mmdebstrap") is None:
            _run("apt-get", "update")
            _run("apt-get", "install", "--yes", "--no-install-recommends", *TOOLS)
        FOLDER.mkdir(parents=True, exist_ok=True)
        base = FOLDER / "debian.tar"
        if not base.exists():
            unfinished = base.with_suffix(".new.tar")
            asked = f"--include={','.join(PACKAGES)}"
            _run("mmdebstrap", "--mode=root", "--variant=minbase", asked, "bookworm", unfinished)
            unfinished.rename(base)
    except OSError as error:
        return str(error)
    except subprocess.CalledProcessError as error:
        return f"{error.cmd}: {error.stderr}"
    return ""


def make_disk(folder: Path) -> None:
    """Lay a disk, a kernel and an initrd into ``folder``: Debian, with this program in a venv that only root can change."""
    wheels, root = folder / "wheels", folder / "root"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    _run(*pip, "wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
    (ours,) = wheels.glob("logonbell-*.whl")
    _run(*pip, "download", "--only-binary=:all:", "--python-version", "3.11", "--dest", wheels, ours)
    root.mkdir()
    _run("tar", "-xpf", FOLDER / "debian.tar", "-C", root)
    shutil.copytree(wheels, root / "srv" / "wheels")
    _run("chroot", root, "python3", "-m", "venv", PLACE)
    inside = (
        "chroot",
        root,
        f"{PLACE}/bin/pip",
        "install",
        "--quiet",
        "--no-index",
        "--find-links",
        "/srv/wheels",
    )
    _run(*inside, "logonbell")
    _run("chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "alice")
    etc = root / "etc"
    (etc / "hostname").write_text("bell\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n127.0.1.1 bell\n")
    (etc / "fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
    (etc / "systemd/system/hand.service").write_text(HAND)
    wanted = etc / "systemd/system/sysinit.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "hand.service").symlink_to("../hand.service")
    for name in ("vmlinuz", "initrd.img"):
        (found,) = (root / "boot").glob(f"{name}-*")
        shutil.copy(found, folder / name)
    disk = folder / "disk.img"
    with disk.open("wb") as file:
        file.truncate(1600 << 20)
    _run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, disk)
    shutil.rmtree(root)


class Machine:
    """The machine, running. ``log`` is what its kernel and systemd said."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "console.log"
        self._hand = folder / "hand.sock"
        self._heard = b""
        self._asked = 0
        drive = f"file={folder / 'disk.img'},format=raw,if=virtio,cache=unsafe"
        self._process = subprocess.Popen(
            [
                *("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "768"),
                *("-display", "none", "-monitor", "none", "-nic", "none", "-drive", drive),
                *("-kernel", folder / "vmlinuz", "-initrd", folder / "initrd.img"),
                *("-append", "root=/dev/vda rw console=ttyS0 systemd.show_status=0"),
                *("-serial", f"file:{self.log}", "-serial", f"unix:{self._hand},server=on,wait=off"),
            ]
        )
        self._line = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 20
        while True:
            try:
                self._line.connect(str(self._hand))
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                self.wait()
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()

    def wait(self) -> None:
        """Wait until the machine has started, and the shell answers."""
        self._asked += 1
        hello = f"up-{self._asked}"
        deadline = time.monotonic() + BOOT
        self._line.settimeout(2.0)
        self._heard = b""
        while f"\n{hello}-".encode() not in self._heard:
            if time.monotonic() > deadline:
                raise TimeoutError(self.log.read_text("utf-8", "replace")[-2000:])
            try:
                # As the line echoes what it is told until stty stops it, the answer is not what is typed.
                self._line.sendall(f"\nstty -echo -onlcr; PS1= PS2=; echo; echo {hello}'-'\n".encode())
                while True:
                    self._heard += self._line.recv(4096)
            except TimeoutError:
                continue

    def run(self, command: str, *, seconds: float = 120.0) -> tuple[int, str]:
        """Run a shell command as root; give its exit code and what it printed."""
        self._asked += 1
        mark = f"end-{self._asked}"
        self._line.settimeout(seconds)
        self._heard = b""
        self._line.sendall(
            f"{{ {command}\n}} </dev/null 2>&1; code=$?; echo; echo {mark}'-'$code-\n".encode()
        )
        ended = re.compile(rf"\n{mark}-(\d+)-".encode())
        while (found := ended.search(self._heard)) is None:
            self._heard += self._line.recv(65536)
        return int(found[1]), self._heard[: found.start()].decode("utf-8", "replace").strip("\r\n")

    def told(self, command: str, *, seconds: float = 120.0) -> str:
        """Give what a command prints that must end well."""
        code, said = self.run(command, seconds=seconds)
        assert code == 0, f"{command}\n{said}"
        return said

    def reboot(self) -> None:
        """Restart it as an administrator does, and wait until it is up again."""
        self._line.sendall(b"systemctl --no-block reboot\n")
        before = self.log.read_bytes().count(b"Linux version")
        deadline = time.monotonic() + BOOT
        while self.log.read_bytes().count(b"Linux version") == before:
            if time.monotonic() > deadline:
                raise TimeoutError(self.log.read_text("utf-8", "replace")[-2000:])
            time.sleep(0.5)
        self.wait()
