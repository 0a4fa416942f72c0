from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from findings import (
    BURST,
    DOMAIN_ADMIN,
    HOST,
    HOST_ID,
    HOSTILE_NAMES,
    LOGOFF,
    NOTICE,
    RECONNECT,
    ROLE,
    SENT,
    STORM,
    TAMPERING,
    TOKYO,
    hostile,
    logon,
    notify,
)
from logonbell.logon import Door, User
from logonbell.notification import Telling
from logonbell.notifiers.chat import DESCRIPTION, STEP, TITLE, WORD, chat, markdown
from logonbell.notifiers.document import Said, document, thread
from logonbell.text.escape import Shown
from logonbell.text.facts import Fact, Reader
from logonbell.text.language import LANGUAGES
from logonbell.text.message import compose, subject

MENTIONS = ("<!channel>", "<@U0123>", "<https://evil.example|click>", "@everyone", "@here")


def told(telling: Telling, language: str = "en", host: str = HOST) -> dict[str, Any]:
    """What a chat channel gets."""
    reader = Reader(language, TOKYO, host)
    line = subject(telling, language=language, host_name=host, zone=TOKYO)
    parts = compose(telling, reader, SENT)
    return chat(document(telling, Said(line, parts.text(), host, SENT)), parts, line)


def test_it_is_the_schema_of_amazon_q() -> None:
    """What Amazon Q Developer demands is there, with the facts, what to do, and by what to search."""
    note = notify(DOMAIN_ADMIN)
    whole = told(note)
    description = whole["content"].pop("description")
    assert description.startswith("```\nUser           CONTOSO\\alice\nSID  ")
    assert description.endswith("\nAlert number   17\n```")
    assert whole == {
        "version": "1.0",
        "source": "custom",
        "id": note.fingerprint,
        "content": {
            "textType": "client-markdown",
            "title": r"RDP logon: CONTOSO\alice (DOMAIN ADMIN) on BASTION01 from 203.0.113.5",
            "nextSteps": [
                "If you do not expect this, ask the person, by another way than this host.",
                "If it was not them: sign the session out and disable the user.",
                "To see what it was made of and why it rang, on the host: logonbell explain --record 81234",
            ],
            "keywords": ["high", "logon", "rdp", "BASTION01"],
        },
        "metadata": {
            "threadId": thread(note),
            "summary": r"RDP logon: CONTOSO\alice (DOMAIN ADMIN) on BASTION01 from 203.0.113.5",
            "eventType": "logonbell-logon",
            "relatedResources": [HOST_ID],
            "additionalContext": {
                "level": "high",
                "rule": "logon",
                "host_name": "BASTION01",
                "sequence": "17",
                "fingerprint": note.fingerprint,
            },
        },
    }


def test_a_session_is_one_thread() -> None:
    """A reconnect and a logoff come beneath their logon in the channel."""
    opened = replace(logon(Door.RDP), time=LOGOFF.began)
    threads = {told(notify(one))["metadata"]["threadId"] for one in (opened, RECONNECT, LOGOFF)}
    assert len(threads) == 1


def test_related_resources_are_what_aws_knows() -> None:
    """The instance, the principal and the session can be looked up from the message."""
    resources = told(notify(logon(Door.SSM_SHELL)))["metadata"]["relatedResources"]
    assert resources == [HOST_ID, ROLE, "alice-0a1b2c3d4e5f60718"]


@pytest.mark.parametrize(
    ("telling", "kind"),
    [
        (STORM, "digest-storm"),
        (notify(BURST), "failed-logons"),
        (notify(TAMPERING), "tampering"),
        (notify(LOGOFF), "logoff"),
        (notify(NOTICE), "notice"),
    ],
)
def test_every_kind_is_called_by_its_name(telling: Telling, kind: str) -> None:
    """What a channel filters by is the same word that the JSON message has."""
    assert told(telling)["metadata"]["eventType"] == f"logonbell-{kind}"


@pytest.mark.parametrize("mention", MENTIONS)
def test_a_name_calls_nobody_and_links_nowhere(mention: str) -> None:
    """A user name cannot wake a channel, mention a person, or show a link of its own, wherever it stands."""
    whole = told(notify(replace(logon(Door.RDP), user=User(mention), workstation=mention)))
    content = whole["content"]
    outside = [content["title"], *content["nextSteps"], *content["keywords"], whole["metadata"]["summary"]]
    for text in outside:
        assert not re.search(r"<|>|@(channel|here|everyone)|://", text)
    assert "<" not in content["description"]
    assert content["description"].count("```") == 2


def test_a_name_cannot_leave_the_code_block() -> None:
    """A backtick in a name stands in the block as an escape."""
    description = told(notify(replace(logon(Door.RDP), user=User("a```b"))))["content"]["description"]
    assert description.startswith("```\nUser           a\\u{60}\\u{60}\\u{60}b\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"CONTOSO\svc_backup", r"CONTOSO\svc_backup"),
        ("alice@contoso.example", "alice@contoso.example"),
        ("2001:db8::1", "2001:db8::1"),
        (ROLE, ROLE),
        ("alice (DOMAIN ADMIN)", "alice (DOMAIN ADMIN)"),
        ("a & b", "a &amp; b"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("@channel", r"\u{40}channel"),
        ("*bold*", r"\u{2a}bold\u{2a}"),
        ("_alice_", r"\u{5f}alice\u{5f}"),
        ("~gone~", r"\u{7e}gone\u{7e}"),
        ("`code`", r"\u{60}code\u{60}"),
        ("[click](x)", r"[click\u{5d}\u{28}x)"),
        ("http://evil", r"http\u{3a}//evil"),
        ("![x](y)", r"\u{21}[x\u{5d}\u{28}y)"),
        ("a|b", r"a\u{7c}b"),
    ],
)
def test_markup_is_taken_away(text: str, shown: str) -> None:
    """Ordinary names stay as people know them; what a client would read as markup is shown as an escape."""
    assert markdown(text) == shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [*HOSTILE_NAMES, "```", "`" * 300, "&" * 300, *MENTIONS])
def test_a_hostile_name_stays_within_bounds(name: str, language: str) -> None:
    """However long and whatever is in a name, each text is bounded, visible, and in one code block."""
    for finding in hostile(name):
        whole = told(notify(finding, host_id=name), language, name)
        content = whole["content"]
        assert len(content["title"]) <= TITLE
        assert len(content["description"]) <= DESCRIPTION
        assert content["description"].count("`") == 6
        assert all(len(step) <= STEP for step in content["nextSteps"])
        assert all(len(word) <= WORD for word in content["keywords"])
        assert json.dumps(whole).isascii()
        lines = [*content["description"].splitlines(), content["title"], *content["keywords"]]
        assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("lengths", "kept"),
    [
        ([1000, 1000, 884, 1], [1002, 1002, 886]),
        ([1000, 1000, 885], [1002, 1002]),
        ([2890], [2892]),
        ([2891, 1], [2892]),
    ],
)
def test_as_many_lines_as_a_channel_shows(lengths: list[int], kept: list[int]) -> None:
    """Whole lines are shown up to the last character that a channel takes; only a first one that is longer is cut."""
    note = notify(DOMAIN_ADMIN)
    parts = compose(note, Reader("en", TOKYO, HOST), SENT)
    lines = tuple("x" * length for length in lengths)
    whole = document(note, Said("S", "text", HOST, SENT))
    content = chat(whole, replace(parts, facts=[Fact(Shown(""), lines)]), "S")["content"]
    begin, *shown, end = content["description"].split("\n")
    assert (begin, end) == ("```", "```")
    assert [len(line) for line in shown] == kept
    assert len(content["description"]) <= DESCRIPTION


@pytest.mark.parametrize(("length", "shown"), [(250, "x" * 250), (251, "x" * 247 + "...")])
def test_a_long_title_is_cut(length: int, shown: str) -> None:
    """A title that has the room stays as it is; a longer one ends in dots."""
    note = notify(DOMAIN_ADMIN)
    parts = compose(note, Reader("en", TOKYO, HOST), SENT)
    whole = chat(document(note, Said("S", "text", HOST, SENT)), parts, "x" * length)
    assert whole["content"]["title"] == shown


def test_a_long_value_says_how_much_is_left_out() -> None:
    """A keyword that is cut says how many characters are missing."""
    assert told(notify(DOMAIN_ADMIN), host="x" * 90)["content"]["keywords"][-1] == "x" * 67 + "...(+23)"


def test_a_storm_shows_the_worst_that_fit() -> None:
    """A digest's list is cut at a line where it is too long for a channel, never in the middle of a name."""
    shell = notify(replace(logon(Door.SSM_SHELL), principal=ROLE + "x" * 100))
    description = told(replace(STORM, named=(shell,) * 40))["content"]["description"]
    assert DESCRIPTION - 300 < len(description) <= DESCRIPTION
    assert description.endswith(f" on {HOST}\n```")
