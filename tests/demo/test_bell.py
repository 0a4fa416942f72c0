from __future__ import annotations

from pathlib import Path

from logonbell.config.reading import read_config
from logonbell.demo.bell import LOG, Bell, rings_on_console, rings_through_sns
from logonbell.simulate.evtx import write_evtx


def test_an_agent_that_cannot_start(tmp_path: Path) -> None:
    """Where the agent ends at once, the demo learns why from what it said, and waits no longer."""
    write_evtx(tmp_path / LOG, [])
    (tmp_path / "state").write_text("no folder")
    with Bell(tmp_path, "en", rings_on_console(), {}) as bell:
        assert not bell.started()
        assert "state" in " ".join(bell.remarks())
    assert not bell.alive


def test_the_settings_are_a_users(tmp_path: Path) -> None:
    """What the demo writes is read as the settings of any user are."""
    topic = "arn:aws:sns:ap-northeast-1:000000000000:logonbell"
    Bell(tmp_path, "ja", rings_through_sns(topic, "http://127.0.0.1:4566"), {})
    config = read_config(tmp_path / "logonbell.toml")
    assert config.language == "ja"
    (sns,) = config.notify.sns
    assert sns.topic_arn == topic
    assert not config.notify.console.enabled
