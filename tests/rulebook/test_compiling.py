from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import logonbell.sigma
from logonbell.rulebook.document import LARGEST, read_documents
from logonbell.rulebook.patterns import linear
from logonbell.sigma.detect import Detector
from logonbell.sigma.form import Book, Pattern
from sigma_texts import book, compiled, event, rule, wrong

GOOD = "selection: {User: bob}\ncondition: selection"
LOGONS = "{product: logonbell, category: logon}"
NAMED = rule(GOOD, title="Named", more="name: named\n")

OF_NAMED = NAMED.count("\n") + 1
"""Lines in front of what stands behind it."""
CORRELATION = """\
title: Many
correlation:
  type: event_count
  rules: [named]
  group-by: [User]
  timespan: 5m
  condition: {gte: 2}
"""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (rule("selection: {'x|contain': a}\ncondition: selection"), 4, "there is no modifier contain. Did you mean contains?"),
        (rule("selection: {'x|zzzzzz': a}\ncondition: selection"), 4, "there is no modifier zzzzzz"),
        (rule("selection:\n  a: 1\n  'x|contains|al': [a]\ncondition: selection"), 6, "there is no modifier al."),
        (rule("selection:\n  - a: 1\n  - 'x|rex': a\ncondition: selection"), 6, "there is no modifier rex"),
        (rule(GOOD, more="level: hihg\n"), 3, "it may be informational, low, medium, high, critical"),
        (rule(GOOD, more="status: tested\n"), 3, "it may be stable, test, experimental, deprecated, unsupported"),
        (rule(GOOD, more="id: 1234\n"), 3, "UUID"),
        (rule(GOOD, more="date: yesterday\n"), 3, "yesterday"),
        (rule(GOOD, more="date: 2026-13-45\n"), 3, "'2026-13-45' is not what YAML takes it for: month must be in 1..12"),
        (rule(GOOD, more="author: 5\n"), 3, "uthor"),
        (rule(GOOD, more="tags: 5\n"), 3, "ag"),
        (rule(GOOD, more="falsepositives: 5\n"), 3, "alsepositives"),
        (rule(GOOD, more="level: !!bool maybe\n"), 3, "'maybe' is not what YAML takes it for"),
        (rule(GOOD, more="level: !!int ''\n"), 3, "'' is not what YAML takes it for"),
        (rule(GOOD, more="level: !!timestamp now\n"), 3, "'now' is not what YAML takes it for"),
        (rule(GOOD, more="level: !mine high\n"), 3, "is no YAML: could not determine a constructor for the tag '!mine'"),
        (rule(GOOD, more="level: high\nlevel: low\n"), 4, "'level' stands there twice; only one would count"),
        (rule("selection: {a: 1, a: 2}\ncondition: selection"), 4, "'a' stands there twice"),
        (rule("selection: {1: a}\ncondition: selection"), 4, "the key '1' is no text to YAML"),
        (rule("selection: {on: a}\ncondition: selection"), 4, "the key 'on' is no text to YAML"),
        (rule("selection: {[a]: a}\ncondition: selection"), 4, "a list or a table cannot be a key"),
        (rule("selection: &s {a: 1}\nother:\n  <<: *s\ncondition: other"), 6, "merging (<<) is not supported"),
        (rule(GOOD, source="{product: windows, service: securty}"), 2, "no channel is known for the service securty. Did you mean security?"),
        (rule(GOOD, source="{product: linux, service: sshd}"), 2, "the product linux is not followed; windows and logonbell are"),
        (rule(GOOD, source="{product: windows, category: webserver}"), 2, "no event of Windows' logs is known for the category webserver"),
        (rule(GOOD, source="{product: windows, service: security, category: process_creation}"), 2, "the category process_creation is not in the log of security"),
        (rule(GOOD, source="{product: logonbell, category: login}"), 2, "of logonbell there is the category logon alone"),
        (rule(GOOD, source="{}"), 2, "log source"),
        (rule(GOOD, source="security"), 2, "logsource must be"),
        ("title: A rule\ndetection: {a: {x: 1}, condition: a}\n", 1, "log source"),
        (f"title: A rule\nlogsource: {LOGONS}\n", 1, "detection"),
        (rule("selection: {Usr: bob}\ncondition: selection", source=LOGONS), 3, "logons have no field Usr. Did you mean User?"),
        (rule("selection: {User|fieldref: Hst}\ncondition: selection", source=LOGONS), 3, "logons have no field Hst. Did you mean Host?"),
        (rule("selection: {Zzzzzz: bob}\ncondition: not selection", source=LOGONS), 3, "logons have no field Zzzzzz. They are listed in docs/rules.md."),
        (rule("selection: {x|expand: '%here%'}\ncondition: selection"), 3, "asks for the values of %here%; name them in the settings, under [rules.placeholders]"),
        (rule("selection: {x|re: 'a(?=b)'}\ncondition: selection"), 4, "Regular expression 'a(?=b)' is invalid: invalid perl operator: (?="),
        (rule("selection: {x|re: '(?<!a)b'}\ncondition: selection"), 4, "invalid perl operator: (?<"),
        (rule(r"selection: {x|re: '(a)\1'}" + "\ncondition: selection"), 4, r"invalid escape sequence: \1"),
        (rule("selection: {x|re: '(x{1000}){1000}'}\ncondition: selection"), 4, "invalid repetition size"),
        (rule("selection: {x|re: '('}\ncondition: selection"), 4, "missing )"),
        (rule("selection: []\ncondition: selection"), 5, "ull value"),
        (rule("selection: {}\ncondition: selection"), 4, "empty"),
        (rule("selection: {x: {y: 1}}\ncondition: selection"), 4, "dict"),
        (rule("selection: [null]\ncondition: selection"), 3, "a keyword must be a text, a number or an expression"),
        (rule("selection: {a: 1}\ncondition: selektion"), 5, "'selektion' not defined"),
        (rule("selection: {a: 1}"), 3, "condition"),
        (rule("condition: selection"), 3, "etection"),
        (rule("selection: {x: 1}\ncondition: " + "not " * 3000 + "selection"), 5, "the condition is nested too deeply"),
        ("title: A filter\nlogsource: {product: windows}\nfilter: {rules: any, selection: {a: 1}, condition: selection}\n", 3, "Sigma filters are not supported; write the exception into the rule"),
        ("action: global\ntitle: A rule\n", 1, "collections (action) are not supported; write each rule out"),
        ("- a\n- b\n", 1, "is no rule: a rule is a table of keys and values"),
        ("just words\n", 1, "is no rule: a rule is a table of keys and values"),
        ("title: 'A\n", 2, "is no YAML: found unexpected end of stream"),
        ("title: A\n\tlevel: high\n", 2, "is no YAML: found a tab character that violates indentation"),
        ("title: A\ntitel\n", 3, "is no YAML: could not find expected ':'"),
        ("title: \0\n", 0, "is no YAML: unacceptable character #x0000: control characters are not allowed"),
        ("title: *nobody\n", 1, "is no YAML: found undefined alias"),
        (rule(GOOD).replace("title: A rule", "title: 5"), 1, "itle"),
        (rule(GOOD).replace("title: A rule\n", ""), 1, "itle"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_line(text: str, line: int, words: str) -> None:
    """Whoever wrote the rule is told what is wrong, where, and what may be written instead where that is known."""
    assert compiled(text).book == Book()
    [(found, said)] = wrong(text)
    assert (found, words in said) == (line, True), said


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("rules: [named]", "rules: [namd]", 4, "there is no rule 'namd'. Did you mean 'named'?"),
        ("rules: [named]", "rules: [zzzzzzzz]", 4, "there is no rule 'zzzzzzzz'"),
        ("rules: [named]", "rules: []", 4, "names no rules"),
        ("rules: [named]", "rules: [named, named]", 4, "names 'named' twice"),
        ("rules: [named]", "rules: [Many]", 4, "refers to itself, by way of others or at once"),
        ("rules: [named]", "ruels: [named]", 2, "without rule references"),
        ("group-by: [User]", "group_by: [User]", 5, "correlations have no 'group_by'. Did you mean 'group-by'?"),
        ("group-by: [User]", "zzzzzzzz: 1", 5, "correlations have no 'zzzzzzzz'"),
        ("group-by: [User]", "aliases: {a: {named: 5}}", 5, "an alias names one field for each rule"),
        ("group-by: [User]", "aliases: {a: {nobody: User}}", 5, "there is no rule 'nobody'"),
        ("group-by: [User]", "generate: maybe", 2, "generate"),
        ("timespan: 5m", "timespan: soon", 6, "'soon' is invalid"),
        ("timespan: 5m", "timespan: 0s", 6, "must be greater than zero"),
        ("timespan: 5m", "timespan: 11y", 6, "may look back 3,653 days at most"),
        ("timespan: 5m", "timespan: 99999999999999999999d", 6, "may look back 3,653 days at most"),
        ("{gte: 2}", "{lt: 2}", 7, "less than a number cannot be told while events still come; gte, gt and eq can"),
        ("{gte: 2}", "{lte: 2}", 7, "less than a number cannot be told"),
        ("{gte: 2}", "{neq: 2}", 7, "less than a number cannot be told"),
        ("{gte: 2}", "{gt: 2, lte: 5}", 7, "exactly one condition item"),
        ("{gte: 2}", "{gte: 0}", 7, "must count to a whole number from 1 to 10,000"),
        ("{gte: 2}", "{gt: 10000}", 7, "must count to a whole number from 1 to 10,000"),
        ("{gte: 2}", "{gte: 1.5}", 7, "must count to a whole number from 1 to 10,000"),
        ("{gte: 2}", "{gte: many}", 7, "'many' is no valid"),
        ("{gte: 2}", "{gte: 2, field: User}", 7, "only value_count counts the values of a field"),
        ("event_count", "value_count", 2, "without field reference"),
        ("event_count", "value_sum", 2, "ield reference"),
        ("event_count", "event_cout", 3, "'event_cout' is no valid Sigma correlation type"),
        ("event_count", "temporal", 7, "counts to 2, and names no more than 1 rules"),
        ("event_count", "temporal_ordered", 7, "an ordered correlation fires when all of its rules did; it takes no condition"),
        ("type: event_count", "type: temporal\n  condition: named and named", 8, "'condition' stands there twice"),
    ],
)  # fmt: skip
def test_each_mistake_of_a_correlation_is_named_with_its_line(
    old: str, new: str, line: int, words: str
) -> None:
    """The same for correlations; the rules that they refer to are kept."""
    made = compiled(NAMED, CORRELATION.replace(old, new))
    [mistake] = made.mistakes
    assert (mistake.line - OF_NAMED, words in str(mistake.what)) == (line, True), str(mistake.what)
    assert [one.about.key for one in made.book.rules] == ["named"]
    assert made.book.correlations == ()


@pytest.mark.parametrize("kind", ["value_sum", "value_avg", "value_percentile", "value_median"])
def test_kinds_of_correlations_that_cannot_be_done_are_refused_by_name(kind: str) -> None:
    """What adds up is no stream of ours; it is said by its name, not counted in another way."""
    text = CORRELATION.replace("event_count", kind).replace("{gte: 2}", "{gte: 2, field: Size}")
    assert wrong(NAMED, text) == [(OF_NAMED + 3, f"correlations of the type {kind} are not supported")]


def test_conditions_over_names_are_refused() -> None:
    """Extended conditions are pySigma's, and not in the specification."""
    text = CORRELATION.replace("event_count", "temporal").replace("{gte: 2}", "named and named")
    assert wrong(NAMED, text) == [(OF_NAMED + 7, "conditions over rule names are not supported")]


def test_two_rules_of_one_name() -> None:
    """The second is refused, at the line of its name; a rule is known by its name, its id, else its title."""
    assert wrong(NAMED, rule(GOOD, title="Other", more="name: named\n")) == [
        (OF_NAMED + 3, "'named' names another rule already")
    ]
    number = "id: 5d0174a0-ba19-4816-aff8-4d6b6795befc\n"
    assert [words for _, words in wrong(rule(GOOD, more=number), rule(GOOD, title="Other", more=number))] == [
        "'5d0174a0-ba19-4816-aff8-4d6b6795befc' names another rule already"
    ]
    assert [words for _, words in wrong(rule(GOOD), rule(GOOD))] == ["'A rule' names another rule already"]


def test_correlations_over_a_rule_with_a_mistake_say_so() -> None:
    """The cause is named, not a rule that there is not."""
    broken = NAMED.replace("condition: selection", "condition: selektion")
    again = CORRELATION.replace("Many", "Again").replace("[named]", "[Many]")
    made = compiled(again, CORRELATION, broken)
    assert sorted(str(one.what) for one in made.mistakes) == [
        "Detection 'selektion' not defined in detections",
        "refers to 'Many', which has a mistake",
        "refers to 'named', which has a mistake",
    ]
    assert made.book == Book()


def test_correlations_that_refer_to_each_other_are_refused() -> None:
    """A ring of correlations is named, with what hangs on it; what does not hang on it is kept."""
    ring = [
        CORRELATION.replace("Many", name).replace("[named]", f"[{asked}]")
        for name, asked in (("A", "B"), ("B", "C"), ("C", "A"), ("D", "A"))
    ]
    made = compiled(NAMED, *ring, CORRELATION)
    assert {one.rule for one in made.mistakes} == {"A", "B", "C", "D"}
    assert [one.about.key for one in made.book.correlations] == ["Many"]


def test_correlations_may_be_chained_for_long_and_in_any_order() -> None:
    """A chain of a thousand, its end first, is compiled like any other."""
    chain = [
        CORRELATION.replace("Many", f"C{number}").replace(
            "[named]", f"[C{number - 1}]" if number else "[named]"
        )
        for number in reversed(range(300))
    ]
    made = book(*chain, NAMED)
    assert [one.about.key for one in made.correlations if one.rings] == ["C299"]


def test_other_documents_of_the_file_are_kept() -> None:
    """A mistake costs its own document alone, wherever in the file that stands."""
    for mistake in (
        "date: 2026-13-45\n",
        "level: !mine high\n",
        "level: hihg\n",
        "level: low\nlevel: high\n",
        "a: &a [*a]\n",
    ):
        broken = rule(GOOD, title="Broken", more=mistake)
        made = compiled(rule(GOOD, title="First"), broken, rule(GOOD, title="Last"))
        assert [one.about.key for one in made.book.rules] == ["First", "Last"], mistake
        assert len(made.mistakes) == 1


LAUGHS = "a: &a0 [x, x]\n" + "".join(
    f"b{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 30)
)
TOO_LARGE = "is too large, nested too deeply, or repeats itself too often, to be a rule"


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "detection: {a: " + "[" * 200 + "x" + "]" * 200 + "}\n",
        "detection: " + "{a: " * 200 + "x" + "}" * 200 + "\n",
    ],
)
def test_bombs(text: str) -> None:
    """What would grow without end when it is written out is refused before it is."""
    assert (1, TOO_LARGE) in wrong(text)


def test_bombs_as_keys() -> None:
    """Nor is one written out to be named, where a key is one."""
    laughs = "&a0 [x, x]" + "".join(
        f", &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 30)
    )
    assert wrong(f"? [{laughs}]\n: as a key\n") == [(1, "a list or a table cannot be a key")]


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "{a: " * 50_000, "- " * 50_000, "? " * 50_000, "&a " * 9, "!" * 999]
)
def test_yaml_that_never_ends(text: str) -> None:
    """Nesting without end is no YAML of ours."""
    made = compiled(text)
    assert made.book == Book()
    assert made.mistakes


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Not UTF-8 (with its line), too large, missing, a folder: each is a mistake of that file."""

    def said(path: Path) -> list[tuple[int, str]]:
        documents, mistakes = read_documents(path)
        assert documents == []
        return [(one.line, str(one.what)) for one in mistakes]

    path = tmp_path / "rules.yml"
    path.write_bytes("title: A rule\nauthor: 山田\n".encode("cp932"))
    assert said(path) == [(2, "is not in UTF-8; save it as UTF-8")]
    path.write_bytes(rule(GOOD).encode("utf-16"))
    assert said(path) == [(1, "is not in UTF-8; save it as UTF-8")]
    path.write_bytes(b"#" * (LARGEST + 1))
    assert said(path) == [(0, "is too large to be a file of rules")]
    assert said(tmp_path / "missing.yml") == [(0, "cannot be read: No such file or directory")]
    assert said(tmp_path) == [(0, "cannot be read: Is a directory")]


def test_files_as_windows_writes_them(tmp_path: Path) -> None:
    """A byte order mark and CR-LF are no mistakes, nor is a file without documents."""
    path = tmp_path / "rules.yml"
    path.write_bytes(b"\xef\xbb\xbf" + rule(GOOD).replace("\n", "\r\n").encode())
    documents, mistakes = read_documents(path)
    assert mistakes == []
    assert [one.content["title"] for one in documents] == ["A rule"]
    path.write_bytes(b"# nothing yet\n---\n")
    assert read_documents(path) == ([], [])


def test_expressions_take_time_in_proportion_to_the_text() -> None:
    """``(a+)+$``, which others try in 2^n ways, is RE2's, which has no way back: its syntax refuses what needs one."""
    compiled_pattern = linear(Pattern("(a+)+$"))
    assert type(compiled_pattern).__module__.partition(".")[0] == "re2"
    assert compiled_pattern.search("a" * 50_000 + "b") is None
    assert compiled_pattern.search("a" * 50_000) is not None
    for needs_a_way_back in ("(?=a)", "(?<=a)", "(?!a)", "(?<!a)", r"(a)\1", "(?>a+)", "a++", "(?(1)a|b)"):
        with pytest.raises(ValueError):
            linear(Pattern(needs_a_way_back))


def test_expressions_run_as_they_were_checked() -> None:
    """The engine that refuses a rule's expression is the one that runs it, with the same flags."""
    text = rule(r"selection: {x|re|i|s: '^(a+)+.b$'}" + "\ncondition: selection")
    detector = Detector(book(text), patterns=linear)
    assert detector.event(event(1, fields={"x": "AAAA\nB"}))
    assert not detector.event(event(2, fields={"x": "AAAA\nB\n"}))


def test_what_evaluates_knows_no_yaml() -> None:
    """Rules run without pySigma, PyYAML or RE2: the agent reads the form alone."""
    folder = Path(logonbell.sigma.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = (
                [one.name for one in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                assert name.partition(".")[0] not in {"sigma", "yaml", "re2"}, path
                assert not name.startswith("logonbell.rulebook"), path
    program = (
        "import sys, logonbell.sigma.detect; print({'sigma', 'yaml', 're2', 'pyparsing'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_compiling_is_deterministic() -> None:
    """The same text gives the same form, byte for byte: whoever keeps it can tell that nothing changed."""
    texts = [NAMED, CORRELATION, rule("a: {x: [1, b, null]}\nb: [k, l]\ncondition: 1 of *", title="Other")]
    assert msgspec.json.encode(book(*texts)) == msgspec.json.encode(book(*texts))


def test_rules_that_serve_a_correlation_do_not_ring() -> None:
    """The specification's *generate*: rules that are referred to ring by themselves only where it says so."""
    quiet = book(NAMED, CORRELATION)
    loud = book(NAMED, CORRELATION + "  generate: true\n")
    assert ([one.rings for one in quiet.rules], quiet.correlations[0].rings) == ([False], True)
    assert ([one.rings for one in loud.rules], loud.correlations[0].rings) == ([True], True)


SEEDS = [
    rule("selection: {x|contains|all: [a, 'b*', 5], y|re|i: '^a+$'}\nfilter: [k, 1, true]\ncondition: selection and not 1 of filter*",
         more="id: 5d0174a0-ba19-4816-aff8-4d6b6795befc\nstatus: test\nauthor: me\ndate: 2026-11-27\nlevel: high\ntags: [attack.t1078]\n"),
    rule("s: {Address|cidr: 10.0.0.0/8, Hour|gte: 8, Time|hour: 5, Elevated: true, User|expand: '%a%'}\ncondition: s", source=LOGONS),
    rule(GOOD, title="Named", more="name: named\n") + "---\n" + CORRELATION + "  aliases:\n    u: {named: User}\n  generate: true\n",
]  # fmt: skip
SCRAPS = ["", "'", '"', "[", "]", "{", "}", ":", ": ", "- ", "\n", "  ", "|", "|all", "*", "&a ", "*a", "null", "~", "!!int ", "!!timestamp ", "!x ", "%", "\\",
          "\x00", '"\\ud800"', "é", "0x", "1e999", ".nan", "2026-99-99", "---\n", "? ", "<<: ", "true", "[]", "{}", "not ", "1 of ", "them", "(", ")", "#"]  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """Give the text of a valid rule in which pieces were cut, doubled, moved or replaced."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = draw(st.one_of(st.just(at), st.integers(at, min(len(text), at + 40))))
        piece = draw(st.one_of(st.sampled_from(SCRAPS), st.text(max_size=4), st.just(text[at:end] * 2)))
        text = text[:at] + piece + text[end:]
    return text


def holds_for(text: str) -> None:
    """Whatever stands in a file, it is rules or mistakes; the rules survive being kept, and run."""
    made = compiled(text, placeholders={"a": ["b", "c*"]})
    kept = msgspec.json.encode(made.book)
    assert msgspec.json.decode(kept, type=Book) == made.book
    detector = Detector(made.book, patterns=linear)
    detector.event(event(1, fields={"x": "a", "y": "aaa"}))
    for mistake in made.mistakes:
        assert str(mistake.what)
        assert 0 <= mistake.line <= len(text.splitlines()) + 2


@settings(max_examples=40)
@given(text=spoilt())
def test_spoilt_rules_are_mistakes_never_errors(text: str) -> None:
    """Whatever is broken in a rule, nothing is raised."""
    holds_for(text)


@pytest.mark.rig
@settings(max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.one_of(spoilt(), spoilt(), st.text()))
def test_many_spoilt_rules_are_mistakes_never_errors(text: str) -> None:
    """The same, for longer."""
    holds_for(text)


VALUES = ["5", "-1", "1.5", "[]", "{}", "null", "true", "''", "[1]", "[null]", "[[a]]", "[{a: b}]", "{a: b}", "{a: {b: c}}", "{a: [1]}",
          "2026-01-01", "!!binary YQ==", "!!set {a}", "!!omap [a: 1]", ".inf", ".nan", "1e308", "22:22", "99999999999999999999", "'*'", "'\\'"]  # fmt: skip
RULE_KEYS = ["title", "id", "name", "level", "status", "author", "date", "modified", "tags", "references", "falsepositives",
             "description", "license", "related", "fields", "taxonomy", "scope", "logsource", "detection", "logonbell"]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_no_value_of_any_key_is_an_error(value: str) -> None:
    """A value of the wrong kind under any key of a rule, of its detection and of a correlation is a mistake at most."""
    for key in RULE_KEYS:
        lines = {
            "title": "A rule",
            "logsource": "{product: windows}",
            "detection": "{a: {x: 1}, condition: a}",
        }
        holds_for("".join(f"{name}: {one}\n" for name, one in (lines | {key: value}).items()))
    for detection in (
        f"a: {value}\ncondition: a",
        f"a: {{x: {value}}}\ncondition: a",
        f"a: {{x: [{value}, b]}}\ncondition: a",
        f"a: [{value}, b]\ncondition: a",
        f"a: {{x: 1}}\ncondition: {value}",
        *(
            f"a: {{'x|{word}': {value}}}\ncondition: a"
            for word in ("contains", "re", "cidr", "gt", "hour", "exists", "expand")
        ),
    ):
        holds_for(rule(detection))
    for word in ("type", "rules", "group-by", "timespan", "condition", "aliases", "generate"):
        kept = [line for line in CORRELATION.splitlines() if not line.startswith(f"  {word}:")]
        holds_for(NAMED + "---\n" + "\n".join([*kept, f"  {word}: {value}"]) + "\n")
    for key in ("field", "gte", "percentile", "a"):
        text = CORRELATION.replace("event_count", "value_count").replace(
            "{gte: 2}", f"{{gt: 2, {key}: {value}}}"
        )
        holds_for(NAMED + "---\n" + text)
