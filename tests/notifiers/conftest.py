"""An SNS to speak to, and a bad road to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator import Emulator, HeardTopic, Moto
from fault_proxy import FaultProxy


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """SNS and SQS on loopback, one for all tests."""
    with Emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """A second SNS and SQS, one for all tests."""
    with Moto(tmp_path_factory.mktemp("moto")) as running:
        yield running


@pytest.fixture
def topic(emulator: Emulator) -> HeardTopic:
    """A topic of the test's own."""
    return emulator.topic()


@pytest.fixture
def proxy(emulator: Emulator) -> Iterator[FaultProxy]:
    """What stands between the test and the emulator."""
    with FaultProxy(emulator.port) as standing:
        yield standing
