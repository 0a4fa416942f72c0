"""The scheduled task: what Windows is told, and whether it kept it."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logonbell.query import query_list
from logonbell.recognise.windows import WANTED
from logonbell.windows.task_xml import NAMESPACE, Run, always, differences, on_event

SCHEMA = Path(__file__).with_name("task.xsd")
texts = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=40,
)
runs = st.builds(Run, texts.map(r"C:\Program Files\{}\python.exe".format), st.lists(texts, max_size=5), texts)
queries = st.dictionaries(
    texts, st.sets(st.integers(0, 65535), min_size=1, max_size=60), min_size=1, max_size=4
).map(query_list)
tasks = st.one_of(st.builds(always, runs), st.builds(on_event, runs, queries))


@cache
def schema() -> Any:
    """Read the schema once, where it is needed: each process that collects tests imports this module."""
    import xmlschema  # noqa: PLC0415 - half a second

    return xmlschema.XMLSchema(str(SCHEMA))


def found(task: str, name: str) -> list[str]:
    """The texts of the elements of a name."""
    root = ET.fromstring(task.partition("?>")[2])  # noqa: S314 - our own
    return [element.text or "" for element in root.iter(f"{{{NAMESPACE}}}{name}")]


@given(runs)
def test_an_agent_that_died_is_back_within_a_minute(run: Run) -> None:
    """Started with Windows and each minute for ever, one at a time, without any limit, on any power, as SYSTEM."""
    task = always(run)
    root = ET.fromstring(task.partition("?>")[2])  # noqa: S314 - our own
    triggers = [trigger.tag.partition("}")[2] for trigger in root.find(f"{{{NAMESPACE}}}Triggers") or ()]
    assert triggers == ["BootTrigger", "TimeTrigger"]
    for name, wanted in {
        "Interval": "PT1M",
        "MultipleInstancesPolicy": "IgnoreNew",
        "ExecutionTimeLimit": "PT0S",
        "StopIfGoingOnBatteries": "false",
        "DisallowStartIfOnBatteries": "false",
        "StopOnIdleEnd": "false",
        "RunOnlyIfIdle": "false",
        "UserId": "S-1-5-18",
        "Command": run.program,
        "Arguments": subprocess.list2cmdline(run.arguments),
    }.items():
        assert found(task, name) == [wanted]
    assert found(task, "Duration") == []


@given(runs, queries)
def test_no_start_by_an_event_is_lost(run: Run, query: str) -> None:
    """Each event of the query starts a run of its own, which waits for the one before; what failed is tried again."""
    task = on_event(run, query)
    assert found(task, "Subscription") == [query]
    assert found(task, "MultipleInstancesPolicy") == ["Queue"]
    assert found(task, "Interval") == ["PT5M"]


@given(tasks)
def test_what_windows_makes_of_it_is_no_difference(task: str) -> None:
    """Windows leaves out what is so anyway, adds notes of its own, and prints in a code page that lacks signs."""
    root = ET.fromstring(task.partition("?>")[2])  # noqa: S314 - our own
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith("}Enabled"):
                parent.remove(child)
    info = root.find(f"{{{NAMESPACE}}}RegistrationInfo")
    assert info is not None
    ET.SubElement(info, f"{{{NAMESPACE}}}Date").text = "2026-03-03T09:00:00"
    ET.register_namespace("", NAMESPACE)
    printed = ET.tostring(root, encoding="unicode").encode("cp1252", "replace").decode("cp1252")
    assert differences(f'<?xml version="1.0" encoding="UTF-16"?>\r\n{printed}', task) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("PT1M", "PT5M", "Triggers/TimeTrigger/Repetition/Interval"),
        ("IgnoreNew", "Parallel", "Settings/MultipleInstancesPolicy"),
        ("S-1-5-18", "S-1-5-21-1-2-3-500", "Principals/Principal/UserId"),
        ("python.exe", "python.evil.exe", "Actions/Exec/Command"),
        ("<Priority>4</Priority>", "", "Settings/Priority"),
        ("</Exec>", "</Exec><Exec><Command>evil.exe</Command></Exec>", "Actions/Exec"),
        ("<BootTrigger>", "<LogonTrigger/><BootTrigger>", "Triggers/LogonTrigger"),
    ],
)
def test_a_task_that_somebody_changed_is_found(old: str, new: str, where: str) -> None:
    """Another trigger, another action, another user, another limit: each is named."""
    task = always(Run(r"C:\Program Files\logonbell\Scripts\python.exe", ["-m", "logonbell"], r"C:\x"))
    assert old in task
    assert where in differences(task.replace(old, new, 1), task)


def test_a_disabled_task_is_found() -> None:
    """A task that was switched off is another than was written."""
    task = always(Run("python.exe", [], "x"))
    off = task.replace(
        "<Enabled>true</Enabled>\n    <RunOnlyIfIdle>", "<Enabled>false</Enabled>\n<RunOnlyIfIdle>"
    )
    assert differences(off, task) == ["Settings/Enabled"]


def test_what_is_no_xml_is_said(tmp_path: Path) -> None:
    """A task that is damaged is no task."""
    with pytest.raises(ValueError):
        differences("<Task", always(Run("python.exe", [], str(tmp_path))))


@pytest.mark.rig
@given(tasks)
@settings(max_examples=200)
def test_it_is_valid_by_the_schema(task: str) -> None:
    """Whatever the paths and the query hold, the task is one by what Windows' documentation says of those that we write."""
    schema().validate(ET.fromstring(task.partition("?>")[2]))  # noqa: S314 - our own


def test_the_query_asks_for_what_is_recognised() -> None:
    """Every id of every channel stands in the query, at most twenty in one expression."""
    query = ET.fromstring(query_list(WANTED))  # noqa: S314 - our own
    for channel, ids in WANTED.items():
        texts = [one.text or "" for one in query.iter("Select") if one.get("Path") == channel]
        asked = {int(number) for text in texts for number in re.findall(r"EventID=(\d+)", text)}
        assert asked == set(ids)
        assert all(text.count("EventID") <= 20 for text in texts)
