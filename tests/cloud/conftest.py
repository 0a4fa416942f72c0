"""What judges templates and policies, brought in by npm."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

SIMULATOR = "@cloud-copilot/iam-simulate@0.1.173"
"""IAM's decisions with resources and conditions; AGPL, so it runs as a process of its own and only in tests."""
Simulation = Mapping[str, Any]


@pytest.fixture(scope="session")
def simulate() -> Callable[[Iterable[Simulation]], list[str]]:
    """Judge simulations: Allowed, ExplicitlyDenied, ImplicitlyDenied, or what is wrong with one."""
    folder = Path(sys.prefix, "node")
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.fail(
            "IAM is simulated by a package of npm: install Node.js 20 or newer (apt-get install nodejs npm)"
        )
    if not (folder / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
        folder.mkdir(exist_ok=True)
        install = [
            "npm",
            "install",
            "--silent",
            "--no-fund",
            "--no-audit",
            "--prefix",
            str(folder),
            SIMULATOR,
        ]
        subprocess.run(install, check=True, timeout=300, cwd=folder)

    def judge(simulations: Iterable[Simulation]) -> list[str]:
        done = subprocess.run(
            ["node", str(Path(__file__).with_name("simulate.mjs")), f"{folder}/"],
            input=json.dumps(list(simulations)),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        decided: list[str] = json.loads(done.stdout)
        return decided

    return judge
