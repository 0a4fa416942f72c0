"""On a real Debian with a real systemd: installed, used, killed, restarted, uninstalled, in a virtual machine."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from qemu import PLACE, Machine, make_disk, set_up

pytestmark = pytest.mark.rig

PROGRAM = f"{PLACE}/bin/logonbell"
UNIT = "logonbell.service"
RECEIVER = """
import http.server, os
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/srv/heard", "ab") as file:
            file.write(body.replace(b"\\n", b" ") + b"\\n")
            file.flush()
            os.fsync(file.fileno())
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Receiver).serve_forever()
"""
RECEIVES = """
[Unit]
Before=logonbell.service
[Service]
ExecStart=/usr/bin/python3 /srv/receiver.py
Restart=always
[Install]
WantedBy=multi-user.target
"""
WORKER = """
import os, psutil, random, select, socket, sys
from datetime import UTC, datetime
from pathlib import Path
from logonbell.agent import utc_now
from logonbell.simulate.ssm import AgentForm, SsmAgent
from logonbell.simulate.ssm_documents import port
agent = SsmAgent(Path("/srv/amazon"), random.Random(1), utc_now, form=AgentForm(windows=False))
if sys.argv[1:]:
    agent.start()
    agent.flush()
    sys.exit()
document = agent.submit(port("arn:aws:sts::111122223333:assumed-role/ops/carol", "carol", 22))
born = datetime.fromtimestamp(psutil.Process().create_time(), UTC)
agent.begin(document, process=os.getpid(), started=born)
agent.flush()
held = socket.create_connection(("127.0.0.1", 22))
while True:
    ready = select.select([0, held], [], [])[0]
    if 0 in ready:
        if not (data := os.read(0, 65536)):
            break
        held.sendall(data)
    if held in ready:
        if not (data := held.recv(65536)):
            break
        os.write(1, data)
agent.end(document)
agent.flush()
"""
"""The SSM agent's session worker: it notes a session as the agent does, and carries a connection to sshd through it."""
SETTINGS = """
[notify.console]
enabled = false
[notify.webhook]
url = 'http://127.0.0.1:8000/'
key_file = '/srv/webhook.key'
[notify.pace]
repeat_minutes = 0
"""
FAR = (
    "ip netns add away && ip link add near type veth peer name far netns away",
    "ip addr add 192.0.2.1/24 dev near && ip link set near up",
    "ip -n away addr add 192.0.2.9/24 dev far && ip -n away link set far up",
)
"""A network of its own, from which somebody comes."""
SSH = "ssh -i /srv/id -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes"
FROM_AFAR = f"ip netns exec away {SSH} alice@192.0.2.1"
EVERYTHING = (
    "find /etc /var/lib /usr/local /opt /run/systemd /root /home -xdev"
    r" -not -path '*/__pycache__*' -printf '%p %m %u %l\n' | sort"
)
PATIENCE = 60.0
"""Seconds; a computed machine is slow."""


class Host:
    """The machine, and what its agent told whom."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.told = machine.told

    def put(self, path: str, text: str) -> None:
        """Write a file there."""
        self.told(f"echo {base64.b64encode(text.encode()).decode()} | base64 -d > {path}")

    @property
    def heard(self) -> list[dict[str, Any]]:
        """The messages that arrived."""
        _, lines = self.machine.run("cat /srv/heard")
        return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]

    def hears(self, words: str, *, after: int = 0) -> dict[str, Any]:
        """Wait for a message with these words in its subject, or of this kind, after so many others."""
        deadline = time.monotonic() + PATIENCE
        while True:
            heard = self.heard[after:]
            for one in heard:
                if re.search(words, f"{one['subject']} {one.get('kind', '')}"):
                    return one
            assert time.monotonic() < deadline, [one["subject"] for one in heard]
            time.sleep(0.5)

    def is_at_work(self) -> bool:
        """Wait until systemd calls it active."""
        deadline = time.monotonic() + PATIENCE
        while self.machine.run(f"systemctl is-active {UNIT}")[1] != "active":
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        return True

    def shown(self, name: str) -> str:
        """Give a property of the unit."""
        return self.told(f"systemctl show -p {name} --value {UNIT}")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give the machine; where it cannot be made, the reason."""
    why = set_up()
    assert not why, why
    folder = tmp_path_factory.mktemp("machine")
    make_disk(folder)
    with Machine(folder) as machine:
        yield machine
    (folder / "disk.img").unlink()


@pytest.fixture(scope="module")
def before(machine: Machine) -> str:
    """Give all files that were there before logonbell was."""
    host = Host(machine)
    host.told("systemctl is-system-running --wait || systemctl --failed --no-legend", seconds=PATIENCE * 3)
    host.put("/srv/receiver.py", RECEIVER)
    host.put("/etc/systemd/system/receiver.service", RECEIVES)
    host.put("/srv/bell.toml", SETTINGS)
    host.told(
        "head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n' > /srv/webhook.key; chmod 600 /srv/webhook.key"
    )
    host.told("systemctl daemon-reload && systemctl enable --now receiver")
    host.told("ssh-keygen -q -t ed25519 -N '' -f /srv/id && install -d -o alice -m 700 /home/alice/.ssh")
    host.told("install -o alice -m 600 /srv/id.pub /home/alice/.ssh/authorized_keys")
    for command in FAR:
        host.told(command)
    host.put("/srv/worker.py", WORKER)
    host.told("mkdir -p -m 700 /var/lib/amazon/ssm /srv/amazon/lib")
    host.told("mount --bind /var/lib/amazon/ssm /srv/amazon/lib")
    host.told(f"{PLACE}/bin/python /srv/worker.py start")
    return host.told(EVERYTHING)


@pytest.fixture(scope="module")
def host(machine: Machine, before: str) -> Host:
    """Give the machine with logonbell installed."""
    assert before
    host = Host(machine)
    said = host.told(f"{PROGRAM} install --config /srv/bell.toml --yes", seconds=PATIENCE * 3)
    assert "It is installed." in said
    host.hears("test")
    return host


def test_a_second_time_changes_nothing(host: Host) -> None:
    """What is installed is left as it is: no step, no start, no ring."""
    process, heard = host.shown("MainPID"), len(host.heard)
    assert "Nothing was to be done" in host.told(f"{PROGRAM} install --yes")
    assert (host.shown("MainPID"), len(host.heard)) == (process, heard)


def test_it_is_shut_in(host: Host) -> None:
    """The agent has the two rights that it needs and no other; systemd finds nothing wrong with its unit."""
    status = host.told("cat /proc/$(systemctl show -p MainPID --value logonbell)/status")
    rights = int(re.findall(r"(?m)^CapEff:\s+([0-9a-f]+)$", status)[0], 16)
    assert rights == 1 << 2 | 1 << 19  # CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE
    assert re.search(r"(?m)^NoNewPrivs:\s+1$", status)
    assert re.search(r"(?m)^Seccomp:\s+2$", status)
    assert host.told(f"systemd-analyze verify /etc/systemd/system/{UNIT}") == ""
    host.told(f"systemd-analyze security --threshold=40 {UNIT} >/dev/null")
    assert host.told("stat -c '%a %U' /etc/logonbell /var/lib/logonbell /etc/logonbell/logonbell.toml") == (
        "700 root\n700 root\n600 root"
    )


def test_doctor_finds_it_well(host: Host) -> None:
    """Nothing that belongs to the machine keeps a logon from ringing; a test alert arrives."""
    heard = len(host.heard)
    _, said = host.machine.run(f"{PROGRAM} doctor --format json --ring", seconds=PATIENCE * 2)
    verdicts = {one["about"]: one["mark"] for one in json.loads(said)["verdicts"]}
    installed = ("rights", "program", "folder", "state folder", "unit", "enabled", "run", "agent", "state")
    well = (*installed, "ssm", "journal", "journal whole", "sshd", "ring webhook")
    assert {about: verdicts.get(about) for about in well} == dict.fromkeys(well, "good")
    host.hears("test", after=heard)


def test_doctor_tells_what_journald_let_fall(host: Host) -> None:
    """A service that writes more than journald takes loses lines; how many is journald's own word."""
    flood = "systemd-run --wait --unit=ssh-flood -p LogRateLimitIntervalSec=1s -p LogRateLimitBurst=10"
    host.told(f"{flood} sh -c 'seq 1000; sleep 2; echo over'")
    host.told("journalctl --sync")
    _, said = host.machine.run(f"{PROGRAM} doctor --format json", seconds=PATIENCE * 2)
    (whole,) = [one for one in json.loads(said)["verdicts"] if one["about"] == "journal whole"]
    assert whole["mark"] == "care"
    assert re.search(r"\bssh-flood\.service 9\d\d\b", whole["what"]), whole


def test_somebody_comes_from_afar(host: Host) -> None:
    """A real logon by key through the real sshd rings, with who, from where and by which key."""
    heard = len(host.heard)
    host.told(f"{FROM_AFAR} true")
    rung = host.hears("alice", after=heard)
    assert "192.0.2.9" in json.dumps(rung)


def test_somebody_comes_through_session_manager(host: Host) -> None:
    """With no more rights than the unit leaves, it sees whose process holds the connection: a worker of root's."""
    heard = len(host.heard)
    # The connection must still be there when it is looked for: a computed machine takes seconds.
    host.told(f"{SSH} -o ProxyCommand='{PLACE}/bin/python /srv/worker.py' alice@localhost sleep 20")
    rung = host.hears("alice", after=heard)
    assert "assumed-role/ops/carol" in json.dumps(rung)
    lines = host.told(f"{PROGRAM} history --format jsonl --user alice").splitlines()
    told = [one for line in lines if (one := json.loads(line))["type"] == "logon"][-1]
    assert (told["door"], told["ssm_match"]) == ("ssh-ssm", "its worker holds the connection")


def test_it_comes_back_when_it_is_killed(host: Host) -> None:
    """Whoever logs on while it is down rings once it is back, within seconds, and once only."""
    heard = len(host.heard)
    host.told(f"systemctl kill --signal=KILL {UNIT}; {FROM_AFAR} true")
    assert host.is_at_work()
    assert int(host.shown("NRestarts")) == 1
    host.hears("alice", after=heard)
    time.sleep(5)
    assert sum("alice" in one["subject"] for one in host.heard[heard:]) == 1


def test_a_reader_that_hangs_is_ended(host: Host) -> None:
    """When no look comes back any more, systemd's watchdog ends the agent and starts it anew."""
    host.told(f"mkdir -p /run/systemd/system/{UNIT}.d")
    host.put(f"/run/systemd/system/{UNIT}.d/hurried.conf", "[Service]\nWatchdogSec=15\nTimeoutAbortSec=1\n")
    host.told(f"systemctl daemon-reload && systemctl restart {UNIT}", seconds=PATIENCE)
    process = host.shown("MainPID")
    host.told(f"systemctl kill --signal=STOP {UNIT}")
    deadline = time.monotonic() + PATIENCE
    while host.shown("MainPID") in (process, "0"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert host.is_at_work()
    assert "watchdog" in host.told(f"journalctl -u {UNIT} --no-pager").casefold()
    host.told(
        f"rm -r /run/systemd/system/{UNIT}.d; systemctl daemon-reload; systemctl restart {UNIT}",
        seconds=PATIENCE,
    )


def test_a_restart_of_the_machine_is_told_and_outlived(host: Host) -> None:
    """Its last words get out before the network goes; it is back without anybody, and rings for who comes then."""
    assert host.is_at_work()
    heard = len(host.heard)
    host.machine.reboot()
    host.hears("stopped", after=heard)
    assert host.is_at_work()
    for command in FAR:
        host.told(command)
    heard = len(host.heard)
    host.told(f"{FROM_AFAR} true")
    host.hears("alice", after=heard)


def test_uninstalling_leaves_nothing_behind(host: Host, before: str) -> None:
    """Every file and folder is as it was, systemd knows no unit, and no process is left."""
    host.told(f"{PROGRAM} uninstall --yes", seconds=PATIENCE * 2)
    left = sorted(set(host.told(EVERYTHING).splitlines()) ^ set(before.splitlines()))

    assert [line for line in left if "logonbell" in line] == []
    assert host.shown("LoadState") == "not-found"
    assert host.machine.run("pgrep -f 'logonbell watch'")[0] == 1
