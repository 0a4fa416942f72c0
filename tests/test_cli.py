from __future__ import annotations

import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from disk import small_files
from fakes import NOON
from fault_proxy import Answer, FaultProxy, error
from logonbell import __version__
from logonbell.cli import logonbell, main
from logonbell.simulate.damage import spoil_record
from logonbell.simulate.day import play_day
from logonbell.simulate.evtx import EvtxFile, write_evtx, write_logs
from logonbell.simulate.people import Person
from logonbell.simulate.windows import WindowsHost
from logonbell.store.outbox import FILE, Outbox
from users import as_nobody

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
TOPIC = "arn:aws:sns:eu-north-1:123456789012:logonbell"
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens
NAME = "田中\N{SKULL}"


@dataclass
class Said:
    """What a run ended with, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log in which somebody logs on at the console."""
    path = tmp_path / "Security.evtx"
    write_log(path, "alice")
    return path


def write_log(path: Path, name: str) -> None:
    """Write a log: noise, somebody at the console, noise."""
    host = WindowsHost("BASTION", Random(1))  # noqa: S311 - repeatable, not secret
    person = Person(name, "CORP", "S-1-5-21-2025429265-492894223-1708537768-1134")
    events = [
        *host.boot(NOON),
        *host.console_logon(NOON.replace(minute=5), person),
        *host.service_start(NOON.replace(minute=9)),
    ]
    security = [event for event in events if event.channel == "Security"]
    write_evtx(path, [replace(event, record_id=number) for number, event in enumerate(security, 1)])


@pytest.fixture
def config(tmp_path: Path, log: Path) -> Callable[..., Path]:
    """Write settings that follow the log; ``more`` is added to them."""

    def config(more: str = "", *, console: bool = True, sources: bool = True) -> Path:
        path = tmp_path / "logonbell.toml"
        path.write_text(
            f"state = '{tmp_path / 'state'}'\n"
            + (f"[sources]\nevtx = ['{log}']\n" if sources else "")
            + f"[notify.console]\nenabled = {str(console).lower()}\n{more}",
            encoding="utf-8",
        )
        return path

    return config


def sns(endpoint: str) -> str:
    """Give the settings of an SNS notifier."""
    return f"[notify.sns]\ntopic_arn = '{TOPIC}'\nendpoint_url = '{endpoint}'\n"


def assert_one_sentence(said: Said, language: str, *words: str) -> None:
    """It was refused with exit code 1: one line in the language that was asked for, no traceback, nothing on stdout."""
    assert said.code == 1, said
    assert said.out == ""
    assert "Traceback" not in said.err
    assert said.err.count("\n") == 1, said.err
    assert bool(JAPANESE.search(said.err)) == (language == "ja"), said.err
    for word in words:
        if language == "en" or not word.replace(" ", "").isalpha():
            assert word in said.err


languages = pytest.mark.parametrize("language", ["en", "ja"])


@languages
@pytest.mark.parametrize("command", ["read", "explain"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _: None, "There is no file"),
        (lambda path: path.write_bytes(b"MZ and so on, but no log"), "is not an EVTX file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(path.with_name("Security.evtx").read_bytes()[:3000]), "is cut off"),
        (lambda path: path.write_bytes(path.with_name("Security.evtx").read_bytes()[:4608]), "is cut off"),
        (lambda path: path.mkdir(), "There are no logs in"),
    ],
    ids=["no file", "no log", "empty", "cut in its header", "cut behind its header", "an empty folder"],
)
def test_a_log_that_cannot_be_read_is_refused(
    *, run: Run, log: Path, make: Callable[[Path], object], words: str, command: str, language: str
) -> None:
    """What is wrong with a file, or with a folder, is one sentence with its name."""
    path = log.with_name("other.evtx")
    make(path)
    assert_one_sentence(run(command, "--lang", language, path), language, words, str(path))


@languages
@pytest.mark.parametrize("closed", ["file", "folder"])
@pytest.mark.parametrize("arguments", [["read"], ["explain"], ["watch", "--config"]])
def test_a_file_without_permission_is_refused(
    *,
    request: pytest.FixtureRequest,
    run: Run,
    tmp_path: Path,
    log: Path,
    arguments: list[str],
    closed: str,
    language: str,
) -> None:
    """Who may not read a log, or the settings, or enter their folder, is told so; as root nobody is forbidden anything."""
    folder = tmp_path / "logs"
    folder.mkdir()
    log = log.rename(folder / log.name)
    run(*arguments, log, "--lang", language)  # loads what nobody may not read, Python
    (log if closed == "file" else folder).chmod(0)
    request.addfinalizer(lambda: folder.chmod(0o700))
    with as_nobody(tmp_path):
        said = run(*arguments, log, "--lang", language)
    assert_one_sentence(said, language, str(log))


@languages
@pytest.mark.parametrize("command", ["read", "explain"])
def test_a_name_that_no_file_can_have_is_refused(run: Run, command: str, language: str) -> None:
    """A name too long for any file is a slip like any other."""
    assert_one_sentence(run(command, "--lang", language, "x" * 5000), language, "xxx")


def started(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=60,
    )


@languages
def test_one_log_of_several_that_cannot_be_read_is_told(run: Run, log: Path, language: str) -> None:
    """The others are read all the same."""
    log.with_name("other.evtx").write_bytes(b"MZ")
    said = run("read", "--lang", language, log.parent)
    assert said.code == 0
    assert said.err.count("other.evtx") == 1
    assert "alice" in said.out


@languages
def test_a_log_that_is_partly_readable_is_read(run: Run, log: Path, language: str) -> None:
    """What could not be read is told on stderr, once, and counted in the summary; that is no failure."""
    spoil_record(log, 0, place=1)
    said = run("read", "--lang", language, log)
    assert said.code == 0
    assert said.err.count(str(log)) == said.err.count("\n") >= 1
    assert (
        "1 record could not be read" if language == "en" else "1 件のレコードを読み取れませんでした"
    ) in said.out
    summary = json.loads(run("read", "--format", "jsonl", log).out.splitlines()[-1])
    assert [loss["records"] for loss in summary["losses"] if loss["records"]] == [1]


def test_the_summary_of_a_reading_is_one_line(run: Run, log: Path) -> None:
    """How much was read, what was found, what would ring, and what was noise."""
    last = run("read", log).out.splitlines()[-1]
    logon, summary = map(json.loads, run("read", "--format", "jsonl", log).out.splitlines())
    records, noise = summary["records"], summary["noise"]
    assert last == f"{records} records read: 1 logon. 1 alert would ring. {noise} records are noise."
    assert noise == records - logon["folded"] > 30


def test_the_recipe_is_measured_on_ones_own_logs(run: Run, tmp_path: Path) -> None:
    """Whoever has the recipe learns how many of its mails were about somebody who came, and whom it missed."""
    write_logs(tmp_path, play_day(NOON, Random(1)))  # noqa: S311 - repeatable, not secret
    said = run(
        "read", tmp_path, "--rule", "recipe-ssm-login", "--rule", "recipe-normal-login", "--lang", "en"
    )
    assert said.out.splitlines()[-2:] == [
        "recipe-ssm-login selects 300 records: 0 of a logon that rings. Of 5 such logons it meets 0.",
        "recipe-normal-login selects 7 records: 1 of a logon that rings. Of 5 such logons it meets 1.",
    ]
    assert run("read", tmp_path, "--lang", "en").out.endswith("990 records are noise.\n")
    assert "684 records are noise." in said.out


def test_a_log_of_noise_says_so(run: Run, tmp_path: Path) -> None:
    """A log in which nobody came in is no failure, and no empty screen."""
    host = WindowsHost("BASTION", Random(1))  # noqa: S311 - repeatable, not secret
    write_evtx(tmp_path / "noise.evtx", host.service_start(NOON))
    said = run("read", tmp_path / "noise.evtx")
    assert (said.code, said.err) == (0, "")
    assert said.out == "2 records read: no logons. None of it would ring. 2 records are noise.\n"


@languages
def test_a_log_is_explained(run: Run, log: Path, language: str) -> None:
    """Whoever asks why it rings reads it with every record behind it; the noise is counted by its kinds."""
    said = run("explain", "--lang", language, log)
    assert (said.code, said.err) == (0, "")
    logon, noise = said.out.split("\n\n")
    assert "CORP\\alice" in logon.splitlines()[0]
    assert logon.count("Security 462") == 2
    number, *kinds = map(int, re.findall(r"(\d+) (?:x|events|件)", noise))
    assert number == sum(kinds) > 10
    assert bool(JAPANESE.search(said.out)) == (language == "ja")


def test_one_record_is_explained(run: Run, log: Path) -> None:
    """For one record only what it belongs to is told, for a person and for a machine; also where nothing came of it."""
    logon = json.loads(run("read", "--format", "jsonl", log).out.splitlines()[0])
    record = logon["record_ids"][-1]
    said = run("explain", "--record", record, log)
    assert said.out.count("record ") == len(logon["record_ids"])
    (told,) = map(json.loads, run("explain", "--record", record, "--format", "jsonl", log).out.splitlines())
    assert told["finding"] == logon
    assert sorted(event["record_id"] for event in told["events"]) == sorted(logon["record_ids"])
    assert run("explain", "--record", 1, log).out.endswith(" record 1: Windows started\n\n")


@languages
def test_a_record_that_is_not_there_is_refused(run: Run, log: Path, language: str) -> None:
    """A wrong number is no silence."""
    said = run("explain", "--lang", language, "--record", 4711, log)
    assert_one_sentence(said, language, "4711")


@languages
@pytest.mark.parametrize("command", [["check-config"], ["watch", "--once"], ["test"], ["status"]])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = \n", []),
        ("langage = 'ja'\n", ["langage", "'language'"]),
        ("[sources]\nevtx = 3\n", ["sources.evtx", "a list"]),
        ("[notify.sns]\n", ["notify.sns.topic_arn"]),
    ],
    ids=["broken TOML", "an unknown key", "a wrong type", "no topic"],
)
def test_settings_with_a_mistake_are_refused(
    *, run: Run, tmp_path: Path, text: str, words: list[str], command: list[str], language: str
) -> None:
    """Every command that needs settings says what is wrong with them and where, in the language asked for."""
    path = tmp_path / "logonbell.toml"
    path.write_text(text, encoding="utf-8")
    said = run(*command, "--lang", language, "--config", path)
    listed = replace(said, err=said.err.replace("\n  ", " "))
    assert_one_sentence(listed, language, str(path), *words)


@languages
def test_settings_that_are_not_there_are_refused(run: Run, tmp_path: Path, language: str) -> None:
    """Without settings nothing is guessed."""
    path = tmp_path / "none.toml"
    assert_one_sentence(run("watch", "--lang", language, "--config", path), language, str(path))


@languages
def test_nothing_to_watch_is_refused(run: Run, config: Callable[..., Path], language: str) -> None:
    """An agent that would watch nothing does not start."""
    said = run("watch", "--lang", language, "--config", config(sources=False))
    assert_one_sentence(said, language, "name no source", "[sources]")


@languages
@pytest.mark.parametrize("command", ["watch", "test"])
def test_nobody_to_tell_is_refused(
    run: Run, config: Callable[..., Path], command: str, language: str
) -> None:
    """An agent that could ring nowhere does not start."""
    said = run(command, "--lang", language, "--config", config(console=False))
    assert_one_sentence(said, language, "name no notifier", "[notify.sns]")


rings = pytest.mark.parametrize("command", [["test"], ["watch", "--once"]], ids=" ".join)


@languages
@rings
def test_a_topic_that_does_not_exist_is_told(
    run: Run, config: Callable[..., Path], command: list[str], language: str
) -> None:
    """Whoever tries the bell before they trust it, and whoever looks at a scheduled run, hears that nobody hangs on it."""
    with FaultProxy(9) as proxy:
        proxy.otherwise(lambda: error(404, "NotFound", "Topic does not exist"))
        path = config(sns(proxy.url), console=False)
        assert_one_sentence(run(*command, "--lang", language, "--config", path), language, TOPIC, "sns")


@languages
@rings
def test_missing_credentials_are_told(
    run: Run,
    config: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    language: str,
) -> None:
    """No credentials: what is missing and who can give it, not botocore's stack."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    path = config(sns(NOWHERE), console=False)
    said = run(*command, "--lang", language, "--config", path)
    assert_one_sentence(said, language, "No AWS credentials were found")


@languages
@rings
def test_a_missing_network_is_told(
    run: Run, config: Callable[..., Path], command: list[str], language: str
) -> None:
    """Nobody answers: the address that was tried is named."""
    path = config(sns(NOWHERE), console=False)
    assert_one_sentence(run(*command, "--lang", language, "--config", path), language, NOWHERE)


@languages
def test_a_missing_outbox_is_told(run: Run, config: Callable[..., Path], language: str) -> None:
    """Where nothing ran yet there is no state, and no file is made by asking."""
    path = config()
    said = run("status", "--lang", language, "--config", path)
    assert_one_sentence(said, language, str(path.parent / "state"), "logonbell watch")
    assert not (path.parent / "state").exists()


@languages
def test_a_full_disk_is_told_and_loses_nothing(run: Run, config: Callable[..., Path], language: str) -> None:
    """Where the outbox cannot grow nothing is read past; once there is room, what was missed rings."""
    path = config()
    with small_files(10_000):
        refused = run("watch", "--once", "--lang", language, "--config", path)
    assert_one_sentence(refused, language, str(path.parent / "state"))
    said = run("watch", "--once", "--config", path)
    assert said.code == 0
    assert said.out.count("Console logon: CORP\\alice") == 1


@languages
@pytest.mark.parametrize("command", [["watch", "--once"], ["status"]])
def test_an_outbox_of_a_newer_version_is_left_alone(
    run: Run, config: Callable[..., Path], command: list[str], language: str
) -> None:
    """Who goes back to an older logonbell is told so; the newer one's file is not touched."""
    path = config()
    run("watch", "--once", "--config", path)
    file = path.parent / "state" / FILE
    with sqlite3.connect(file) as database:
        database.execute("pragma user_version = 99")
    database.close()
    before = file.read_bytes()
    assert_one_sentence(run(*command, "--lang", language, "--config", path), language, str(file), "99")
    assert file.read_bytes() == before


@languages
def test_a_damaged_outbox_is_replaced_and_told(run: Run, config: Callable[..., Path], language: str) -> None:
    """It is set aside, the agent goes on from older, and says so, now and in the status; that is no failure."""
    path = config()
    run("watch", "--once", "--config", path)
    file = path.parent / "state" / FILE
    data = bytearray(file.read_bytes())
    data[0:4096] = b"\xff" * 4096
    file.write_bytes(data)
    said = run("watch", "--once", "--lang", language, "--config", path)
    assert said.code == 0
    assert said.err.count("\n") == 1
    (aside,) = file.parent.glob("outbox.damaged-*.sqlite3")
    assert aside.name in said.err
    assert bool(JAPANESE.search(said.err)) == (language == "ja")
    status = run("status", "--lang", language, "--config", path)
    assert status.code == 0
    assert aside.name in status.out


@languages
def test_two_agents_on_one_outbox_are_refused(run: Run, config: Callable[..., Path], language: str) -> None:
    """The second one is told which process is in its way."""
    path = config()
    first = Outbox.open(path.parent / "state", now=NOON)
    try:
        said = run("watch", "--once", "--lang", language, "--config", path)
        assert_one_sentence(said, language, str(os.getpid()))
    finally:
        first.close()


def test_the_settings_choose_the_language(run: Run, config: Callable[..., Path]) -> None:
    """Without --lang the settings' language speaks, in alerts and in refusals; --lang overrules it."""
    path = config()
    path.write_text(f"language = 'ja'\n{path.read_text('utf-8')}", encoding="utf-8")
    assert JAPANESE.search(run("watch", "--once", "--config", path).out)
    assert JAPANESE.search(run("status", "--config", path).out)
    assert not JAPANESE.search(run("status", "--lang", "en", "--config", path).out)
    path.write_text("language = 'ja'\n", encoding="utf-8")
    assert JAPANESE.search(run("watch", "--config", path).err)


def test_status_tells_how_far_it_came(run: Run, config: Callable[..., Path], log: Path) -> None:
    """For a person in words, for a machine as one JSON object."""
    path = config(sns(NOWHERE))
    run("watch", "--once", "--config", path)
    said = run("status", "--config", path)
    assert str(log) in said.out
    assert "console: 0 pending, 1 delivered, 0 buried" in said.out
    assert "sns: 1 pending, 0 delivered, 0 buried" in said.out
    assert NOWHERE in said.out
    state = json.loads(run("status", "--format", "jsonl", "--config", path).out)
    assert state["notifiers"]["console"]["delivered"] == state["notifiers"]["sns"]["pending"] == 1
    assert list(state["sequences"].values()) == [1]


def test_a_test_rings_everywhere_and_fails_where_it_is_not_heard(
    run: Run, config: Callable[..., Path]
) -> None:
    """One notifier that fails does not hide the others, and is not hidden by them."""
    said = run("test", "--config", config(sns(NOWHERE)))
    assert said.code == 1
    assert "can reach you" in said.out
    assert said.err.splitlines()[0] == "console took it."
    assert said.err.splitlines()[1].startswith("sns did not take it")
    assert run("test", "--config", config()).code == 0


def webhook(folder: Path, url: str, more: str = "") -> str:
    """Give the settings of a webhook, with its key."""
    key = folder / "webhook.key"
    key.write_text("k" * 32)
    key.chmod(0o600)
    return f"[notify.webhook]\nurl = '{url}/hook'\nkey_file = 'webhook.key'\n{more}"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what apprise is built on
def test_a_test_rings_through_every_kind(run: Run, config: Callable[..., Path], tmp_path: Path) -> None:
    """Webhook and apprise ring too, by the names that were given to them, and say what came back."""
    with FaultProxy(9) as proxy:
        proxy.otherwise(lambda: Answer(202, b"queued as 7"))
        more = webhook(tmp_path, proxy.url, "name = 'siem'\n") + (
            f"[[notify.apprise]]\nurl = 'json://127.0.0.1:{proxy.port}'\n"
            "[[notify.apprise]]\nurl = 'nosuch://secret'\nname = 'pager'\n"
        )
        said = run("test", "--config", config(more))
    assert said.code == 1
    console, siem, apprise, pager = said.err.splitlines()
    assert console == "console took it."
    assert siem == "siem took it: HTTP 202: queued as 7"
    assert apprise == "apprise took it: JSON"
    assert pager.startswith("pager did not take it: apprise does not know this address (nosuch://...).")
    assert "secret" not in said.err
    hook, chat = proxy.seen
    assert "can reach you" in json.loads(hook.body)["what"]
    assert "can reach you" in json.loads(chat.body)["title"]


@languages
def test_a_webhook_without_a_key_is_told(
    run: Run, config: Callable[..., Path], tmp_path: Path, language: str
) -> None:
    """Where the key is missing, or others may read it, the test says so and what to do; nothing is sent."""
    path = config(webhook(tmp_path, NOWHERE), console=False)
    key = tmp_path / "webhook.key"
    key.chmod(0o644)
    assert_one_sentence(run("test", "--lang", language, "--config", path), language, f"chmod 600 {key}")
    key.unlink()
    assert_one_sentence(run("test", "--lang", language, "--config", path), language, str(key))


def test_a_filter_keeps_an_alert_from_one_notifier(
    run: Run, config: Callable[..., Path], tmp_path: Path
) -> None:
    """What a notifier's filter does not pass never waits for it: it has no row of it, and others are told."""
    more = sns(NOWHERE) + "[notify.sns.filter]\nusers = ['bob']\n"
    path = config(more + webhook(tmp_path, NOWHERE, "[notify.webhook.filter]\nusers = ['ALICE']\n"))
    assert "Console logon: CORP\\alice" in run("watch", "--once", "--config", path).out
    notifiers = json.loads(run("status", "--format", "jsonl", "--config", path).out)["notifiers"]
    assert {name: state["pending"] for name, state in notifiers.items()} == {"console": 0, "webhook": 1}


@pytest.mark.parametrize("encoding", ["cp932", "ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_encoding_makes_it_fail(
    tmp_path: Path, config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, encoding: str, language: str
) -> None:
    """Redirected to a file or pipe that cannot hold a character, it shows the character's number instead."""
    write_log(tmp_path / "Security.evtx", NAME)
    path = config()
    for arguments in (
        ["read", str(tmp_path / "Security.evtx")],
        ["explain", str(tmp_path / "Security.evtx")],
        ["watch", "--once", "--config", str(path)],
        ["status", "--config", str(path)],
        ["read", str(tmp_path / "田中.evtx")],
    ):
        out, err = io.BytesIO(), io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding, "strict", write_through=True))
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding, "strict", write_through=True))
        code = main([*arguments, "--lang", language])
        text = out.getvalue().decode(encoding), err.getvalue().decode(encoding)
        assert code == ("田中" in arguments[1]), text
        if arguments[0] == "read" and not code:
            assert "1f480" in text[0].lower() or encoding == "utf-8"
        assert ("田中" in "".join(text)) == (encoding in {"cp932", "utf-8"} and arguments[0] != "status")


@pytest.mark.parametrize("encoding", ["cp932", "ascii"])
def test_a_process_under_that_encoding_does_not_fail(tmp_path: Path, encoding: str) -> None:
    """So it is also where Python itself was told the encoding, as on a Japanese Windows."""
    write_log(tmp_path / "Security.evtx", NAME)
    code = "import sys; from logonbell.cli import main; sys.exit(main(sys.argv[1:]))"
    done = started(
        code, "read", "--lang", "ja", str(tmp_path / "Security.evtx"), PYTHONIOENCODING=f"{encoding}:strict"
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert ("ログオン" in done.stdout.decode(encoding)) == (encoding == "cp932")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_output_that_cannot_be_written_is_told(log: Path) -> None:
    """A full disk under a redirected output is no silent success, and no fault of ours."""
    code = "import sys; from logonbell.cli import main; sys.exit(main(sys.argv[1:]))"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, "read", str(log)], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert b"could not be written" in done.stderr


def test_a_reader_that_goes_away_is_no_fault(log: Path) -> None:
    """``logonbell read ... | head -1`` ends without a word."""
    code = "import sys; from logonbell.cli import main; sys.exit(main(sys.argv[1:]))"
    with subprocess.Popen(
        [sys.executable, "-c", code, "read", str(log)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize(("closed", "path", "code"), [("out", "", 0), ("err", "none", 1), ("out", "none", 1)])
def test_a_process_without_a_stream_does_not_fail(log: Path, closed: str, path: str, code: int) -> None:
    """Started under pythonw, by a service, or with a stream closed, it does its work and says what it can."""
    program = (
        f"import sys; sys.std{closed} = None\n"
        "from logonbell.cli import main; code = main(sys.argv[1:])\nsys.exit(code)"
    )
    done = started(program, "read", str(log.with_name(path) if path else log))
    assert (done.returncode, b"Traceback" in done.stderr) == (code, False), done
    assert bool(done.stderr) == (closed == "out" and code == 1)


def test_help_names_every_command(run: Run) -> None:
    """Whoever asks for help finds all there is, and help for each."""
    said = run("--help")
    assert said.code == 0
    for name in ("check-config", "explain", "read", "status", "test", "watch", *logonbell.commands):
        assert name in said.out
        assert run(name, "--help").code == 0
    assert __version__ in run("--version").out


def test_what_is_not_known_is_refused(run: Run) -> None:
    """A slip of the pen on the command line is answered, not a traceback."""
    for arguments in (["nonsense"], ["read"], ["read", "--format", "xml", "x"], ["watch", "--onse"]):
        said = run(*arguments)
        assert (said.code, said.out) == (1, "")
        assert "Traceback" not in said.err


def test_a_fault_of_ours_is_told_as_ours(run: Run, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody outside can mend ends with its own exit code, and with what a report needs."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("logonbell.commands.read.judge_past", broken)
    said = run("read", log)
    assert said.code == 3
    assert "ZeroDivisionError" in said.err
    assert __version__ in said.err


def test_an_interruption_is_no_fault(run: Run, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C ends it as the shell expects."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("logonbell.commands.read.judge_past", interrupted)
    assert run("read", log).code == 130


def test_a_quiet_start_loads_nothing_heavy(config: Callable[..., Path]) -> None:
    """With nothing to send, neither boto3 nor rich is loaded: the scheduled task runs every minute."""
    path = config(sns(NOWHERE), console=False)
    with EvtxFile(path.parent / "Security.evtx") as empty:
        empty.append(*WindowsHost("BASTION", Random(1)).service_start(NOON))  # noqa: S311 - repeatable, not secret
    code = (
        "import sys; from logonbell.cli import main\ncode = main(sys.argv[1:])\n"
        "print(code, [name for name in ('boto3', 'botocore', 'rich', 'traceback') if name in sys.modules])"
    )
    assert started(code, "--version").stdout.splitlines()[-1] == b"0 []"
    done = started(code, "watch", "--once", "--config", str(path))
    assert done.stdout.splitlines()[-1].startswith(b"0 ["), done
    assert b"boto" not in done.stdout
    assert b"rich" not in done.stdout
