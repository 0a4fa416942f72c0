from __future__ import annotations

import dataclasses
import runpy
import sys
import tomllib
import zoneinfo
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.alert import Level
from logonbell.config.reading import read_config, unreadable
from logonbell.config.ringing import Ringing
from logonbell.config.settings import Config, default_state, keys
from logonbell.errors import Refused
from logonbell.filter import Filter
from logonbell.logon import Door
from logonbell.notifiers.forms import Form
from logonbell.pace import Limits
from logonbell.rule import SILENT_DOORS
from logonbell.sentence import Sentence
from logonbell.silence import Cover
from logonbell.text.escape import Shown

ROOT = Path(__file__).resolve().parent.parent
ARN = "arn:aws:sns:ap-northeast-1:123456789012:logonbell"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file will be."""
    return tmp_path / "logonbell.toml"


def read(file: Path, text: str | bytes) -> Config:
    """Write the file, and read it."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_config(file)


def mistakes(file: Path, text: str | bytes) -> list[str]:
    """What is told of a file with mistakes, line by line, without the first."""
    with pytest.raises(Refused) as caught:
        read(file, text)
    return [line.strip() for line in str(caught.value.what).split("\n")[1:]]


def refusal(file: Path, text: str | bytes) -> str:
    """What is told of a file that is none, with its hint; the folder left out."""
    with pytest.raises(Refused) as caught:
        read(file, text)
    return str(caught.value).replace(str(file), "FILE")


def test_an_empty_file_is_valid(file: Path) -> None:
    """Nothing has to be set."""
    assert read(file, "") == Config()


def test_all_keys_are_read(file: Path) -> None:
    """Each key arrives where it belongs."""
    config = read(
        file,
        f"""
        language = "ja"
        timezone = "Asia/Tokyo"
        host = "踏み台"
        state = "/srv/state"
        [sources]
        evtx = ["/logs", "one.evtx"]
        [rules]
        rings = ["rdp", "ssm-shell", "network"]
        silent = ["unlock"]
        [notify.console]
        enabled = false
        [notify.sns]
        topic_arn = "{ARN}"
        region = "ap-northeast-1"
        endpoint_url = "http://127.0.0.1:4566"
        format = "chat"
        ascii_subject = true
        [history]
        keep_days = 30
        """,
    )
    assert config.language == "ja"
    assert config.timezone == zoneinfo.ZoneInfo("Asia/Tokyo")
    assert config.host == "踏み台"
    assert config.state == Path("/srv/state")
    assert config.sources.evtx == (Path("/logs"), file.parent / "one.evtx")
    assert config.rules.rings == frozenset({Door.RDP, Door.SSM_SHELL, Door.NETWORK})
    assert config.rules.silent == {Door.UNLOCK}
    assert not config.notify.console.enabled
    (sns,) = config.notify.sns
    assert sns.topic_arn == ARN
    assert sns.region == "ap-northeast-1"
    assert sns.endpoint_url == "http://127.0.0.1:4566"
    assert sns.format is Form.CHAT
    assert sns.ascii_subject
    assert (sns.daily_check, sns.canary, sns.name) == (True, False, "sns")
    assert config.history.keep_days == 30


def test_values_are_frozen() -> None:
    """What was read does not change while the agent runs."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().host = "other"  # type: ignore[misc]


def test_doors_that_ring() -> None:
    """`rings` is the whole list, `silent` takes away from it, and without either the rules' own default holds."""
    assert Ringing().quiet == SILENT_DOORS
    assert Ringing(silent=frozenset({Door.RDP})).quiet == SILENT_DOORS | {Door.RDP}
    only = Ringing(rings=frozenset({Door.RDP, Door.NETWORK}))
    assert frozenset(Door) - only.quiet == {Door.RDP, Door.NETWORK}


def test_every_mistake_is_told_at_once(file: Path) -> None:
    """A file with many mistakes is mended in one go: each is told with its line, in the order of the file."""
    told = mistakes(
        file,
        """\
languge = "ja"
timezone = "Asia/Tokio"
host = 7

[notify.sns]
topik_arn = "arn"
ascii_subject = "yes"

[rules]
rings = [
    "rpd",
]
[history]
keep_days = true
""",
    )
    assert told == [
        "line 1: languge is not known. Did you mean 'language'?",
        "line 2: timezone is Asia/Tokio, which is no time zone. Did you mean Asia/Tokyo?",
        "line 3: host must be text, not a number",
        "line 5: notify.sns.topic_arn is missing",
        "line 6: notify.sns.topik_arn is not known. Did you mean 'topic_arn'?",
        "line 7: notify.sns.ascii_subject must be true or false, not text",
        "line 10: rules.rings is rpd, which is not known. Did you mean rdp?",
        "line 14: history.keep_days must be a whole number, not true or false",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("language = 'fr'", "line 1: language is fr, but must be one of: en, ja, auto"),
        ("language = ['en']", "line 1: language must be text, not a list"),
        ("host = ' '", "line 1: host is empty"),
        (
            f"notify.sns.topic_arn = '{ARN}'\nnotify.sns.format = 'per_protocol'",
            "line 2: notify.sns.format is per_protocol, which is not known. Did you mean per-protocol?",
        ),
        ('host = "a\\u001bb"', "line 1: host holds a control character"),
        (f"host = '{'x' * 101}'", "line 1: host has 101 characters, at most 100 pass"),
        ("host = 2026-01-01", "line 1: host must be text, not a date or time"),
        ("timezone = 'JST-9'", "line 1: timezone is JST-9, which is no time zone. One looks like Asia/Tokyo"),
        ("timezone = 'asia/tokyo'", "line 1: timezone is asia/tokyo, which is no time zone. Did you mean Asia/Tokyo?"),
        ("timezone = '../../etc/passwd'", "line 1: timezone is ../../etc/passwd, which is no time zone. One looks like Asia/Tokyo"),
        ("state = ''", "line 1: state is empty"),
        ('state = "C:\\temp"', "line 1: state holds a control character: in double quotes \\t and \\n are such. Write it in single quotes"),
        ("state = '~/state'", "line 1: state is ~/state, but ~, $NAME and %NAME% mean nothing here. Write the whole path"),
        ("state = '$HOME/x'", "line 1: state is $HOME/x, but ~, $NAME and %NAME% mean nothing here. Write the whole path"),
        ("state = '%ProgramData%'", "line 1: state is %ProgramData%, but ~, $NAME and %NAME% mean nothing here. Write the whole path"),
        ("sources = 'x'", "line 1: sources must be a table, not text"),
        ("[sources]\nevtx = 'x'", "line 2: sources.evtx must be a list, not text"),
        ("[sources]\nevtx = [1]", "line 2: sources.evtx must be text, not a number"),
        ("[[notify.sns]]\n", "line 1: notify.sns[1].topic_arn is missing"),
        ("notify.sns = ['x']\n", "line 1: notify.sns must be a table, not text"),
        ("[[notify.console]]\n", "line 1: notify.console must be a table, not a list"),
        ("[history]\nkeep_days = 0", "line 2: history.keep_days is 0, but must lie between 1 and 36500"),
        ("[history]\nkeep_days = 1.5", "line 2: history.keep_days must be a whole number, not a number"),
        ("topic_arn = 'x'", "line 1: topic_arn is not known. Did you mean 'notify.sns.topic_arn'?"),
        ("[notify.sns]\n", "line 1: notify.sns.topic_arn is missing"),
        ("[notify.teams]\n", "line 1: notify.teams is not known. Known here: console, sns, webhook, apprise, pace"),
        ("[notify.pace]\nmessages_a_second = 10", "line 2: notify.pace.messages_a_second is 10, but must lie between 1 and 9"),
        ("[notify.pace]\nlate_minutes = 0", "line 2: notify.pace.late_minutes is 0, but must lie between 1 and 1440"),
        ("[rules]\nrings = ['logof']", "line 2: rules.rings is logof, which is not known. Did you mean logoff?"),
        ("[[maintenance]]\nbecause = 'x'\nbegins = '22:00'\nends = '22:00'\ndoors = ['rdp']", "line 4: maintenance[1].ends is the same as begins"),
        ("[[maintenance]]\nbecause = 'x'\nbegins = '25:00'\nends = '22:00'\ndoors = ['rdp']", "line 3: maintenance[1].begins is 25:00, which is no time of day. One looks like 22:00"),
        ("[[maintenance]]\nbecause = 'x'\nbegins = '21:00'\nends = '22:00'\ndays = ['mo']\neverything = true", "line 5: maintenance[1].days is mo, which is not known. Did you mean mon?"),
        ("[[maintenance]]\nbecause = 'x'\nbegins = '21:00'\nends = '22:00'\neverything = true\ndoors = ['rdp']", "line 5: maintenance[1].everything cannot be true where doors, users, addresses, hosts, rules or principals are named"),
        ("[[maintenance]]\nbecause = 'x'\nbegins = '21:00'\nends = '22:00'\naddresses = ['10.0.0.0/8', 'home']", "line 5: maintenance[1].addresses is wrong: home is no address and no network. One looks like 203.0.113.5, 10.0.0.0/8 or 2001:db8::/32."),
        ("rules.rings = ['rdp']\nrules.silent = ['rdp']", "line 2: rules.silent names rdp, which rings names too"),
        (f"notify.sns = {{topic_arn = '{ARN}', region = 'Tokyo'}}", "line 1: notify.sns.region is Tokyo, which is no AWS region. One looks like ap-northeast-1"),
        (f"notify.sns = {{topic_arn = '{ARN}', region = 'eu-west-1'}}", "line 1: notify.sns.region is eu-west-1, but the topic is in ap-northeast-1"),
        ("[notify]\nsns.topic_arn = 'logonbell'", "line 2: notify.sns.topic_arn is wrong: 'logonbell' is not the ARN of an SNS topic. It looks like arn:aws:sns:ap-northeast-1:123456789012:logonbell; the SNS console shows it."),
    ],
)  # fmt: skip
def test_each_mistake_in_words(file: Path, text: str, told: str) -> None:
    """What is wrong with a value is told with its line, its key, and what would be right."""
    assert mistakes(file, text) == [told]


WEBHOOK = "[notify.webhook]\nurl = 'https://a.example/secret'\nkey_file = 'k'\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[notify.webhook]\nkey_file = 'k'", "line 1: notify.webhook.url is missing"),
        ("[notify.webhook]\nurl = 'http://a.example'\nkey_file = 'k'", "line 2: notify.webhook.url is wrong: a.example is asked over http, so anyone on the way could read the alerts. Write https; http is for a receiver on this machine only."),
        ("[notify.webhook]\nurl = 'https://a.example'", "line 1: notify.webhook.key_file is missing, and so is key_env: one of them says where the key is"),
        (WEBHOOK + "key_env = 'K'", "line 4: notify.webhook.key_env is given, and so is key_file: the key is in one place"),
        (WEBHOOK.replace("key_file = 'k'", "key_env = 'a secret key'"), "line 3: notify.webhook.key_env is not the name of an environment variable. One looks like LOGONBELL_KEY"),
        (WEBHOOK + "key = 'k'", "line 4: notify.webhook.key is not known. Did you mean 'key_env'?"),
        (WEBHOOK + "name = 'My Hook'", "line 4: notify.webhook.name is My Hook, but is made of a-z, 0-9, dots, hyphens and underscores, at most 40"),
        (WEBHOOK + "name = 'console'", "line 1: notify.webhook holds a second notifier called console: give each its own"),
        (WEBHOOK + "filter.level = 'hihg'", "line 4: notify.webhook.filter.level is hihg, which is not known. Did you mean high?"),
        (WEBHOOK + "filter.rules = ['log-clear']", "line 4: notify.webhook.filter.rules is log-clear, which is not known. Did you mean log-cleared?"),
        (WEBHOOK + "filter.users = ['']", "line 4: notify.webhook.filter.users is empty"),
        (WEBHOOK + "[notify.webhook.fliter]", "line 4: notify.webhook.fliter is not known. Did you mean 'filter'?"),
        ("[notify.apprise]", "line 1: notify.apprise.url is missing, and so is url_file: one of them says what the address is"),
        ("[notify.apprise]\nurl = 'slack:/secret'", "line 2: notify.apprise.url is not an address as apprise writes it. One looks like slack://..."),
        ("[notify.apprise]\nurl = 'slack://secret'\nurl_file = 'f'", "line 3: notify.apprise.url_file is given, and so is url: the address is in one place"),
        (f"[notify.sns]\ntopic_arn = '{ARN}'\ncanary = true\ndaily_check = false", "line 3: notify.sns.canary is true, but daily_check, which sends it, is false"),
    ],
)  # fmt: skip
def test_each_mistake_of_a_notifier(file: Path, text: str, told: str) -> None:
    """What is wrong with a notifier is told with its line and its key, and never with a secret."""
    assert mistakes(file, text) == [told]
    assert "secret" not in told


def test_several_of_a_kind(file: Path) -> None:
    """One table makes one notifier, a list of tables makes several, each with its own name and filter."""
    config = read(
        file,
        f"""
        [notify.console.filter]
        level = "medium"
        [[notify.sns]]
        topic_arn = "{ARN}"
        [[notify.sns]]
        topic_arn = "{ARN}"
        name = "audit"
        [notify.sns.filter]
        domain_admin = true
        rules = ["logon", "log-cleared", "recipe-ssm-login"]
        [notify.webhook]
        url = "https://alerts.example.com/logonbell?team=a"
        key_env = "KEY"
        ca_file = "ca.pem"
        filter = {{ doors = ["rdp"], users = ['CONTOSO\\alice'] }}
        [[notify.apprise]]
        url = "slack://T0000/B0000/XXXX"
        [[notify.apprise]]
        url_file = "teams.url"
        name = "teams"
        """,
    )
    assert [table.name for table in config.notify.sns] == ["sns", "audit"]
    assert config.notify.webhook[0].url.path == "/logonbell?team=a"
    assert config.notify.webhook[0].ca_file == file.parent / "ca.pem"
    assert config.notify.apprise[1].url_file == file.parent / "teams.url"
    assert config.notify.filters == {
        "console": Filter(level=Level.MEDIUM),
        "sns": Filter(),
        "audit": Filter(rules=frozenset({"logon", "log-cleared", "recipe-ssm-login"}), domain_admin=True),
        "webhook": Filter(doors=frozenset({"rdp"}), users=frozenset({"CONTOSO\\alice"})),
        "apprise": Filter(),
        "teams": Filter(),
    }


def test_mistakes_in_one_of_several(file: Path) -> None:
    """Each of several tables is told of on its own lines, and two of one name are told."""
    told = mistakes(
        file,
        f"""\
[[notify.sns]]
topic_arn = "{ARN}"

[[notify.sns]]
topic_arn = "x"
  [notify.sns.filter]
  level = 1
[[notify.sns]]
name = "audit"
[[notify.sns]]
topic_arn = "{ARN}"
canary = 1
""",
    )
    assert [line.partition(", ")[0].partition(" is wrong")[0] for line in told] == [
        "line 5: notify.sns[2].topic_arn",
        "line 7: notify.sns[2].filter.level must be text",
        "line 8: notify.sns[3].topic_arn is missing",
        "line 12: notify.sns[4].canary must be true or false",
    ]
    table = f"{{topic_arn = '{ARN}'}}"
    assert mistakes(file, f"language = 'en'\nnotify.sns = [{table}, {table}]\n") == [
        "line 2: notify.sns holds a second notifier called sns: give each its own"
    ]
    assert mistakes(file, f"notify.sns = [{table}, {{topic_arn = 1}}]\n") == [
        "line 1: notify.sns[2].topic_arn must be text, not a number"
    ]


def test_an_address_of_apprise_is_shown_nowhere(file: Path) -> None:
    """What is printed of the settings in an error report holds no secret."""
    config = read(file, "[notify.apprise]\nurl = 'slack://T0PSECRET'\n")
    assert config.notify.apprise[0].url == "slack://T0PSECRET"
    assert "T0PSECRET" not in repr(config)


def test_a_folder_of_time_zones(file: Path) -> None:
    """A part of a zone's name, which is a folder on disk, is no time zone."""
    (told,) = mistakes(file, "timezone = 'America'")
    assert told.startswith("line 1: timezone is America, which is no time zone.")


def test_hostile_values_cannot_write_lines(file: Path) -> None:
    """What stands in the file is shown escaped: a key of many lines makes one mistake on one line."""
    (told,) = mistakes(file, '"a\\nb\\u001b[31m" = 1')
    assert "a\\u{a}b\\u{1b}[31m is not known" in told


def test_mistakes_in_the_readers_language(file: Path) -> None:
    """Every part of a mistake is put into words by whoever knows the reader's language."""
    said: list[str] = []

    def tell(sentence: Sentence) -> Shown:
        said.append(sentence.words)
        return Shown(f"«{sentence}»")

    file.write_text("host = 7")
    with pytest.raises(Refused) as caught:
        read_config(file, tell)
    assert str(caught.value.what).endswith("«line 1: «host «must be «text», not «a number»»»»")
    assert len(said) == 5


def test_lines_of_long_statements(file: Path) -> None:
    """The line of a mistake is the one its statement begins on, whatever stands around it."""
    text = '''# [history]
host = """
keep_days = 0
""" # a comment

sources.evtx = [
  # [rules]
  "a]", # ]
]
[ "history" ]

  "keep_days" = -1
'''
    assert mistakes(file, text.replace("\n", "\r\n").replace('host = """', 'hots = """')) == [
        "line 2: hots is not known. Did you mean 'host'?",
        "line 12: history.keep_days is -1, but must lie between 1 and 36500",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("host = \n", "FILE, line 1, column 8: Invalid value."),
        ("host = 'a'\nlanguage = 'ja", "FILE, line 2, column 15: "),
        ("a = 1\na = 2", "FILE, line 2, column 6: Cannot overwrite a value."),
        ('state = "C:\\logs"', "Write Windows paths in single quotes: 'C:\\Windows'."),
        ('state = "C:\\Users\\x"', "Write Windows paths in single quotes: 'C:\\Windows'."),
        ("a = " + "[" * 100_000, "FILE is nested too deeply."),
        ("a = " + "9" * 10_000, "FILE: "),
        ("#" * (1 << 20) + "\n", "FILE is too large to be a configuration."),
        (b"\xff\xfeh\x00", "FILE is in UTF-16. Save it as UTF-8."),
        ("host = 'a'\nhost = '踏み台'".encode("cp932"), "FILE is not in UTF-8 (line 2). Save it as UTF-8."),
    ],
)
def test_what_is_no_toml(file: Path, text: str | bytes, told: str) -> None:
    """A file that cannot be read as TOML is told with the place, and with what to do where that is known."""
    assert told in refusal(file, text)


def test_a_byte_order_mark_is_no_mistake(file: Path) -> None:
    """What Windows' editors put before UTF-8 is passed over."""
    assert read(file, "host = '踏み台'".encode("utf-8-sig")).host == "踏み台"


def test_no_such_file(file: Path) -> None:
    """A file that is not there is told with how to name one."""
    with pytest.raises(
        Refused, match=r"There is no file .*logonbell\.toml\. Name the configuration with --config\."
    ):
        read_config(file)


def test_a_folder(tmp_path: Path) -> None:
    """A folder is no configuration."""
    with pytest.raises(Refused, match="is not a file"):
        read_config(tmp_path)


def test_no_permission(file: Path) -> None:
    """A file that this user may not read, and a disk that fails, are told as that."""
    assert "may not be read by this user" in str(unreadable(file, PermissionError(13, "Permission denied")))
    assert "cannot be read: Input/output error." in str(unreadable(file, OSError(5, "Input/output error")))


def test_no_time_zones_on_the_machine(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without time zones a right name is not called wrong: the hint says what is lacking."""
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    try:
        (told,) = mistakes(file, "timezone = 'Asia/Tokyo'")
    finally:
        monkeypatch.undo()
        zoneinfo.reset_tzpath()
    assert (
        told
        == "line 1: timezone cannot be looked up: this machine has no time zones. Run: pip install tzdata"
    )


def test_where_state_is_kept() -> None:
    """Without a setting the state is where the platform keeps such, whoever runs it."""
    assert default_state("linux", {"HOME": "/home/a"}) == Path("/var/lib/logonbell")
    assert default_state("win32", {"ProgramData": r"D:\Data"}) == Path(r"D:\Data", "logonbell", "state")
    assert default_state("win32", {}) == Path(r"C:\ProgramData", "logonbell", "state")


LINES = st.builds(
    "{} = {}".format,
    st.sampled_from(
        [".".join(path) for _, path, _ in keys()] + ["notify", "rules", "x", '"a\\nb"', "notify.sns.x"]
    ),
    st.sampled_from(
        [
            "1",
            "-1",
            "1.5",
            "true",
            "nan",
            "'x'",
            '"a\\tb"',
            "[]",
            "['rdp']",
            "[1]",
            "{}",
            "{a = 1}",
            "07:32:00",
            "[[",
        ]
        + [key.example for _, _, key in keys()]
    ),
)


@given(lines=st.lists(LINES | st.text(max_size=10), max_size=6))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    """No file makes reading fail otherwise than by saying what is wrong, a mistake to a line."""
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes("\n".join(lines).encode("utf-8", "replace"))
    try:
        config = read_config(file)
    except Refused as refused:
        first, *told = str(refused.what).split("\n")
        assert first
        assert all(line.strip() for line in told)
    else:
        assert isinstance(config, Config)


def test_windows_of_maintenance(file: Path) -> None:
    """Each window is read with what it covers, and a mistake in the second is told with the line of the second."""
    first = "[[maintenance]]\nbecause = 'patching'\nbegins = 22:00:00\nends = '2:00'\ndays = ['Sat', 'sun']\ndoors = ['rdp']\n"
    second = "\n[[maintenance]]\nbecause = 'backup'\nbegins = '03:00'\nends = '04:00'\neverything = true\n"
    one, two = read(file, first + second).maintenance
    assert (one.begins, one.ends, one.days) == (time(22), time(2), frozenset({5, 6}))
    assert one.cover == Cover(doors=("rdp",))
    assert two.cover.is_all
    assert len(two.days) == 7
    assert mistakes(file, first + second.replace("true", "false")) == [
        (
            "line 12: maintenance[2].everything must be true where no doors, users, addresses, hosts, rules or principals"
            " are named"
        )
    ]
    assert mistakes(file, first + second.replace("because", "why")) == [
        "line 8: maintenance[2].because is missing",
        (
            "line 9: maintenance[2].why is not known. Known here: doors, users, addresses, hosts, rules, principals,"
            " everything, because, begins, ends, days"
        ),
    ]


def test_pace_and_logoffs(file: Path) -> None:
    """The numbers of the pace are the limits that the agent keeps; logoffs ring where they are named."""
    config = read(
        file, "[notify.pace]\nsingles_a_minute = 20\nlate_minutes = 15\n[rules]\nrings = ['rdp', 'logoff']"
    )
    assert config.notify.pace.limits == Limits(singles=20, backlog=timedelta(minutes=15))
    assert config.rules.logoffs
    assert Door.RDP not in config.rules.quiet
    assert Door.CONSOLE in config.rules.quiet
    assert read(file, "").notify.pace.limits == Limits()
    assert not read(file, "").rules.logoffs


def test_the_reference_page_is_true(file: Path) -> None:
    """The page is what the settings make it, and its example is a valid file in which every key stands."""
    tool = runpy.run_path(str(ROOT / "tools" / "docs.py"))
    page = tool["settings"]()
    assert (ROOT / "docs" / "reference" / "config.md").read_text("utf-8") == page, "run: make docs"
    example = page.partition("```toml\n")[2].partition("```")[0]
    read(file, example)
    parsed = tomllib.loads(example)
    for _, path, key in keys():
        if key.instead:
            assert f"# {path[-1]} = {key.example}  # in place of {key.instead}" in example
            continue
        table = parsed
        for name in path:
            table = table[name][0] if isinstance(table[name], list) and name == "maintenance" else table[name]


@pytest.mark.parametrize(("platform", "taken"), [("linux", True), ("win32", False)])
def test_groups_of_linux_have_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, *, taken: bool
) -> None:
    """Windows' log tells groups by SID only, so a name would never match there; on Linux there is nothing else."""
    monkeypatch.setattr("sys.platform", platform)
    path = tmp_path / "logonbell.toml"
    path.write_text("[rules]\ndomain_admins = ['domain admins@corp.example']\n")
    if taken:
        assert read_config(path).rules.domain_admins == {"domain admins@corp.example"}
    else:
        with pytest.raises(Refused, match="which is no SID"):
            read_config(path)
