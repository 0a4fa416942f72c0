"""The guard: no test reaches real AWS, the real home folder, the logs or the clock's zone of this machine."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from logonbell.sources import linux

# For a property that names no number of its own; those that must be tried longer are rigs. A machine that is busy elsewhere
# breaks no promise.
settings.register_profile(
    "check", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("check")

# What was collected lives until the end: to look at it again and again took an eighth of the time.
gc.set_threshold(20_000, 20, 100)


def pytest_collection_finish() -> None:
    """Let the garbage collector look at it no more."""
    gc.collect()
    gc.freeze()


GUARDED = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "eu-north-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # the discard port: what names no emulator reaches nothing
    "NO_PROXY": "127.0.0.1,localhost",
    "LANGUAGE": "en",
    "LC_ALL": "C.UTF-8",
}


@pytest.fixture(autouse=True, scope="session")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Put dummy credentials, a dead endpoint and an empty home folder before every test of the session."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    home = tmp_path_factory.mktemp("home")
    linux.ROOT = Path("/there-is-no-such-machine")  # or the agent would follow the journal of this one
    os.environ.update(GUARDED, HOME=str(home), USERPROFILE=str(home), XDG_CONFIG_HOME=str(home))
    yield
    os.environ.clear()
    os.environ.update(before)
    linux.ROOT = Path("/")
