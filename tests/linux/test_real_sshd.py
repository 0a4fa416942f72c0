"""A real sshd under a real journald or rsyslogd, and ``logonbell watch`` beside it as a process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from emulator import Emulator
from logonbell.simulate.ssm_documents import port, shell
from ssh_machine import AFAR, SshMachine, set_up
from ssh_watched import SshWatched

pytestmark = pytest.mark.rig

ALICE = "arn:aws:sts::111122223333:assumed-role/ops/alice"
LOGS = ["journal", "files", "traditional"]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Give an SNS; where the rig cannot be set up, the reason."""
    why = set_up()
    assert not why, why
    with Emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(params=LOGS)
def watched(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> Iterator[SshWatched]:
    """Give a bastion that is watched, under each kind of log."""
    with TemporaryDirectory() as folder, SshMachine(Path(folder), request.param) as machine:
        watched = SshWatched(machine, emulator.topic(), emulator.url, tmp_path)
        watched.start()
        try:
            yield watched
        finally:
            watched.close()


def test_each_way_in_rings_once_with_its_facts(watched: SshWatched) -> None:
    """Key, certificate, password; over a jump; through Session Manager; failures; an attacker's line is no logon."""
    machine = watched.machine
    machine.lets_in("kato")
    first = watched.rings(user="kato")
    assert (first["door"], first["address"], first["method"]) == ("ssh", AFAR, "publickey")
    assert first["key"] == f"ED25519 {machine.key_of('kato')}"
    assert (first["uid"], first["elevated"], first["system"]) == (61_000, True, "linux")

    machine.lets_in("sato", by="certificate")
    by_certificate = watched.rings(user="sato")["certificate"]
    assert (by_certificate["identity"], by_certificate["serial"]) == ("sato@corp", "7001")
    assert by_certificate["ca"] == f"ED25519 {machine.key_of('ca')}"

    machine.lets_in("mori", by="password")
    by_password = watched.rings(user="mori")
    assert (by_password["method"], by_password["key"], by_password["elevated"]) == ("password", None, False)

    for _ in range(3):
        assert machine.comes("kato", by="wrong").wait() == 255
        assert machine.comes("mallory", by="wrong").wait() == 255
    watched.waits_for(lambda: any(each["type"] == "failed-logons" for each in watched.messages))

    came = machine.comes("ueda", command="sleep 60")
    watched.rings(user="ueda")
    os.killpg(came.pid, signal.SIGKILL)
    watched.waits_for(lambda: all(line["ended"] for line in watched.history() if line["type"] == "logon"))

    machine.lets_in("abe", jump=True)
    assert watched.rings(user="abe", address=AFAR)["door"] == "ssh"
    assert watched.rings(user="abe", address="127.0.0.1")["door"] == "ssh-loopback"

    tunnel, near = watched.tunnels(port(ALICE, "alice", 22))
    assert watched.rings(door="ssm-tunnel")["principal"] == ALICE
    machine.lets_in("ito", host="127.0.0.1", port=near)
    through = watched.rings(door="ssh-ssm")
    assert (through["user"], through["principal"], through["ssm_session"]) == (
        "ito",
        ALICE,
        tunnel.document_id,
    )

    opened = watched.opens(shell(ALICE, "alice"))
    assert watched.rings(door="ssm-shell")["ssm_session"] == opened.document_id

    if machine.log == "journal":  # a file cannot tell who wrote a line
        line = "Accepted publickey for root from 192.0.2.66 port 6 ssh2: ED25519 SHA256:x"
        assert machine.inside("logger", "-t", "sshd", "-p", "auth.info", line, user="sato").returncode == 0
    becomes_root = "echo exit | script -q -e -c 'sudo -n -i' /dev/null"  # at a terminal, as people do
    assert machine.inside("sh", "-c", becomes_root, user="kato").returncode == 0
    assert machine.inside("sudo", "-n", "-i", user="kato").returncode == 0
    machine.lets_in("ono")
    watched.rings(user="ono")

    assert len(watched.logons()) == 10, [each["subject"] for each in watched.messages]
    assert watched.each_once()
    became = [line["by"] for line in watched.history() if line["type"] == "logon" and line["door"] == "sudo"]
    assert became == ["kato", "kato"]


def test_nobody_is_missed_whatever_happens_to_the_log_and_to_the_agent(watched: SshWatched) -> None:
    """Rotation while it watches, kill -9, logons and a rotation while nobody watches: each rings once."""
    machine = watched.machine
    users = iter(machine.users)

    def comes(times: int = 1) -> None:
        for _ in range(times):
            machine.lets_in(next(users))

    comes()
    watched.waits_for(lambda: watched.told() == 1)
    rotates(machine)
    comes(2)
    watched.waits_for(lambda: watched.told() == 3)
    watched.kill()
    comes(2)
    rotates(machine)
    comes()
    watched.start()
    watched.waits_for(lambda: watched.told() == 6)
    comes(2)
    watched.waits_for(lambda: watched.told() == 8)
    assert watched.each_once()
    gaps = [each["subject"] for each in watched.notices() if "SSM" not in each["subject"]]
    assert gaps == []


@pytest.mark.parametrize("watched", ["journal"], indirect=True)
def test_who_the_log_does_not_tell_of_is_told_by_wtmp(watched: SshWatched) -> None:
    """A session that stands in wtmp and in no line of the log rings as a gap, after its minute; others do not."""
    machine = watched.machine
    code = machine.comes("kato", terminal=True).wait()
    assert code == 0, (machine.folder / "rig.log").read_text(errors="replace")
    watched.rings(user="kato")
    port = machine.serves_in_secret()
    machine.waits_for(lambda: machine.comes("sato", port=port, terminal=True).wait() == 0)
    watched.waits_for(lambda: bool(watched.notices()), 120)
    (notice,) = watched.notices()
    assert (notice["kind"], "sato came to vm from" in notice["what"]) == ("gap", True)
    assert watched.logons(user="sato") == []


def rotates(machine: SshMachine) -> None:
    """Rotate the log as the machine would."""
    if machine.log == "journal":
        assert machine.inside("journalctl", "--rotate").returncode == 0
        return
    steps = "cd /var/log; [ ! -e auth.log.1 ] || gzip -c auth.log.1 > auth.log.2.gz; mv auth.log auth.log.1"
    assert machine.inside("sh", "-c", f"{steps}; kill -HUP $(cat /run/rsyslogd.pid)").returncode == 0
