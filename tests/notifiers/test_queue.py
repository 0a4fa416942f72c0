"""What was published is proved from the queue that heard it: over a real SNS and a real SQS on loopback."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator import REGION, Emulator
from lettering import tell
from logonbell.cli import main
from logonbell.commands.composition import composer
from logonbell.commands.desk import MENDABLE
from logonbell.notifiers.forms import Form
from logonbell.notifiers.sns import SnsNotifier
from logonbell.store.outbox import Outbox
from logonbell.text.facts import Reader
from notifications import NOON


@pytest.mark.rig  # SQS is asked three times whether nothing is left, a second each
@pytest.mark.parametrize("form", [Form.PER_PROTOCOL, Form.TEXT])
def test_a_queue_proves_what_it_heard(
    emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: Form
) -> None:
    """What the agent published is complete, read from the queue, moved into a file; one that is held back is missed."""
    topic = emulator.topic()
    compose = composer(Reader("ja", UTC, "BASTION01"), lambda: datetime.now(UTC))
    notifier = SnsNotifier(topic.arn, compose, host_name="BASTION01", form=form, endpoint_url=emulator.url)
    with closing(Outbox.open(tmp_path / "state", now=NOON)) as outbox:
        told = tell(outbox, range(1, 7))
    assert all(isinstance(answer, str) for answer in notifier.deliver([*told[:3], *told[4:]]))
    queue = ["--queue", topic.url, "--region", REGION, "--endpoint-url", emulator.url]
    kept = tmp_path / "kept.jsonl"
    assert main(["verify", *queue, "--save-to", str(kept), "--lang", "en"]) == MENDABLE
    assert "Message 4 is missing." in capsys.readouterr().out
    assert topic.rest() == []
    assert isinstance(notifier.deliver([told[3]])[0], str)
    assert main(["verify", str(kept), *queue, "--history", str(tmp_path / "state"), "--lang", "en"]) == 0
    assert "Nothing is missing between the first and the last of 6 messages" in capsys.readouterr().out
