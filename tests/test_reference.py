from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import click
import jsonschema
import pytest
from hypothesis import given, settings

from any_facts import tellable_findings
from fakes import NOON
from logonbell.cli import logonbell, main
from logonbell.logon import Door, Finding, NoticeKind, TamperKind
from logonbell.rule import Rules
from logonbell.simulate.damage import spoil_record
from logonbell.simulate.day import play_day
from logonbell.simulate.evtx import write_logs
from logonbell.wire import line

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = runpy.run_path(str(ROOT / "tools" / "docs.py"))["PAGES"]
SCHEMA: dict[str, Any] = json.loads((REFERENCE / "jsonl.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def contract() -> jsonschema.Draft202012Validator:
    """What holds a line against the schema."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_its_tool_writes(name: str) -> None:
    """No page lags behind the code that it tells of."""
    assert (REFERENCE / name).read_text("utf-8") == PAGES[name](), "run: make docs"


def test_the_page_of_the_figures_is_what_was_measured() -> None:
    """Every figure on the page stands in a section that `make bench` measures, and each of them is there."""
    page = (REFERENCE / "figures.md").read_text("utf-8")
    sections = dict(re.findall(r"(?ms)^## (.*?)\n(.*?)(?=^## |\Z)", page))
    assert [*sections] == [*runpy.run_path(str(ROOT / "tools" / "bench.py"))["SECTIONS"]], "run: make figures"
    assert all(re.search(r"(?m)^\| .*\d.* \|$", rows) for rows in sections.values())


def test_the_page_of_the_figures_inside_wine_is_what_was_measured() -> None:
    """Each row that `make windows-bench` prints stands there, with a figure, and what it is no measure of."""
    page = (REFERENCE / "figures-windows.md").read_text("utf-8")
    tool = runpy.run_path(str(ROOT / "tools" / "windows_bench.py"))
    rows = dict(re.findall(r"(?m)^\| (.*?) \| (\d.*) \|$", page))
    assert [*rows] == [*tool["ROWS"]], "run: make windows-bench"
    assert page.startswith(tool["HEAD"].partition("(")[0])


def test_the_page_of_the_figures_on_linux_is_what_was_measured() -> None:
    """Each row that `make linux-bench` prints stands there, with a figure for each kind of log."""
    page = (REFERENCE / "figures-linux.md").read_text("utf-8")
    tool = runpy.run_path(str(ROOT / "tools" / "linux_bench.py"))
    rows = dict(re.findall(r"(?m)^\| (.*?) \| (\d.*) \| (?:\d.*|-) \|$", page))
    assert [*rows] == [*tool["ROWS"]], "run: make linux-bench"
    assert page.startswith(tool["HEAD"].partition("(")[0])


def test_the_page_of_the_commands_names_every_command_and_option() -> None:
    """Whatever can be typed is documented."""
    page = (REFERENCE / "commands.md").read_text("utf-8")
    for name, command in every_command(logonbell, "logonbell"):
        assert f"## `{name}`" in page
        for parameter in command.params:
            for option in parameter.opts:
                assert option.upper() in page.upper() or parameter.param_type_name == "argument"


def every_command(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """List the commands, and those below them, by their whole names."""
    for word, command in group.commands.items():
        yield f"{name} {word}", command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{name} {word}")


def test_the_page_of_the_lines_names_every_key() -> None:
    """Whoever meets a key in a line finds on the page what it means."""
    page = (REFERENCE / "jsonl.md").read_text("utf-8")
    kinds = {choice["$ref"].rpartition("/")[2] for choice in SCHEMA["oneOf"]}
    for kind in kinds:
        section = page.partition(f"## `{kind}`\n")[2].partition("\n## ")[0]
        for key, told in SCHEMA["$defs"][kind]["properties"].items():
            assert f"| `{key}` |" in section
            assert told["description"] in section


def test_every_word_of_the_domain_is_in_the_contract() -> None:
    """A new door, or a new kind of notice or tampering, is not forgotten in the schema."""
    kinds = SCHEMA["$defs"]
    assert kinds["door"]["enum"] == [str(door) for door in Door]
    assert kinds["notice"]["properties"]["kind"]["enum"] == [str(kind) for kind in NoticeKind]
    assert kinds["tampering"]["properties"]["kind"]["enum"] == [str(kind) for kind in TamperKind]


VALIDATORS = {
    name: jsonschema.Draft202012Validator({**kind, "$defs": SCHEMA["$defs"]})
    for name, kind in SCHEMA["$defs"].items()
}


@settings(deadline=None)  # a machine that is busy elsewhere breaks no promise
@given(tellable_findings)
def test_every_finding_is_a_line_of_the_contract(finding: Finding) -> None:
    """Whatever a log holds, hostile names included, the line has the keys and the types that the schema promises."""
    written = json.dumps(line(finding, Rules().judge(finding)))
    assert written.isascii()
    assert "\n" not in written
    read = json.loads(written)
    VALIDATORS[read["type"]].validate(read)


def test_a_real_reading_keeps_the_contract(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], contract: jsonschema.Draft202012Validator
) -> None:
    """What comes out of a day's logs, one of them damaged, is in order and sums up to its last line."""
    logs = write_logs(tmp_path, play_day(NOON, Random(1)))  # noqa: S311 - repeatable, not secret
    spoil_record(logs[0], 0, place=5)
    assert main(["read", "--format", "jsonl", str(tmp_path)]) == 0
    *found, summary = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    for one in [*found, summary]:
        contract.validate(one)
    times = [one.get("time") or one["first"] for one in found]
    assert times == sorted(times)
    assert {"logon", "failed-logons", "logoff"} <= {one["type"] for one in found}
    assert [one["door"] for one in found if one["type"] == "logon" and one["alert"]] == [
        "rdp",
        "console",
        "rdp",
        "ssm-shell",
        "rdp-reconnect",
    ]
    assert summary["type"] == "summary"
    assert summary["rings"] == sum(one["alert"] for one in found)
    assert summary["logons"] == sum(one["type"] == "logon" for one in found)
    assert 0 < summary["noise"] < summary["records"]
    assert [loss["records"] for loss in summary["losses"] if loss["records"]] == [1]


@pytest.mark.parametrize(
    ("name", "heading"), [("ssm.md", "## How a logon"), ("ssm.ja.md", "## ログオンとセッション")]
)
def test_the_page_of_ssm_quotes_what_alerts_say(name: str, heading: str) -> None:
    """How a session was matched stands on both pages as alerts say it."""
    code = (ROOT / "src" / "logonbell" / "recognise" / "ssm.py").read_text("utf-8")
    section = (ROOT / "docs" / name).read_text("utf-8").partition(heading)[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")][1:]
    said = [part.strip() for cell in cells for part in re.split("[…,:、]|N |3389", cell) if part.strip()]
    assert len(cells) == 8
    for words in said:
        assert words in code
