"""The mail, as somebody has it in hand: sent over SMTP, received, taken apart as a mail program does."""

from __future__ import annotations

import json
import os
import smtplib
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

import pytest
from aiosmtpd.controller import Controller

from emulator import Emulator, WebHook, free_port
from findings import ALICE, DOMAIN_ADMIN, SENT, TOKYO, hostile, notify
from logonbell.commands.composition import composer
from logonbell.event import EventRef
from logonbell.notification import Telling
from logonbell.notifiers.forms import Form
from logonbell.notifiers.sns import SnsNotifier
from logonbell.text.facts import Reader
from logonbell.text.language import LANGUAGES

GOLDEN = Path(__file__).parent / "golden"
NAME = "bastion-tokyo"
TO = "ops@example.com"
ALICE_COMES = notify(
    replace(
        DOMAIN_ADMIN,
        host=NAME,
        user=ALICE,
        events=tuple(
            EventRef("Security", record, event)
            for record, event in ((81234, 4624), (81235, 4627), (81233, 4672))
        ),
        folded=3,
    )
)
"""Who comes in the README."""


class Mailbox:
    """A mailbox behind an SMTP server of its own on loopback. Use it as a context."""

    def __init__(self) -> None:
        self.came: SimpleQueue[bytes] = SimpleQueue()
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        """Take a mail."""
        self.came.put(envelope.content)
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def post(self, subject: str, text: str) -> None:
        """Send a mail into it as SNS does: one plain text, with its own words behind the text."""
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = (
            "AWS Notifications <no-reply@sns.amazonaws.com>",
            TO,
            subject,
        )
        mail.set_content(text + FOOTER)
        with smtplib.SMTP(self._controller.hostname, self._controller.port, timeout=10) as smtp:
            smtp.send_message(mail)

    def read(self) -> tuple[str, str]:
        """Wait for a mail; give its subject and its text as a mail program shows them, without what SNS put behind."""
        mail = BytesParser(policy=policy.default).parsebytes(self.came.get(timeout=10))
        assert isinstance(mail, EmailMessage)
        assert (mail.get_content_type(), mail["To"]) == ("text/plain", TO)
        text = mail.get_content().replace("\r\n", "\n")
        assert text.endswith(FOOTER)
        return str(mail["Subject"]).strip(), text.removesuffix(FOOTER)


FOOTER = """
--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
https://sns.ap-northeast-1.amazonaws.com/unsubscribe.html?SubscriptionArn=arn&Endpoint=ops@example.com
"""


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mailbox of the test's own."""
    with Mailbox() as standing:
        yield standing


def mailed(emulator: Emulator, mailbox: Mailbox, language: str, telling: Telling) -> tuple[str, str]:
    """Publish; let a relay that is subscribed by HTTP mail what it gets; read the mail."""
    arn = emulator.topic().arn
    compose = composer(Reader(language, TOKYO, NAME), lambda: SENT)
    with WebHook() as relay:
        emulator.client("sns").subscribe(TopicArn=arn, Protocol="http", Endpoint=relay.url)
        relay.confirm(emulator.client("sns"))
        notifier = SnsNotifier(arn, compose, host_name=NAME, form=Form.JSON, endpoint_url=emulator.url)
        notifier.deliver([telling])
        envelope = relay.take("Notification")
    whole = json.loads(envelope["Message"])
    assert whole["subject"] == envelope["Subject"]
    mailbox.post(envelope["Subject"], whole["text"])
    return mailbox.read()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_is_read_as_it_was_meant(emulator: Emulator, mailbox: Mailbox, language: str) -> None:
    """The mail that comes out of a mailbox is the golden one, letter for letter, which the README shows (test_readme.py).

    ``LOGONBELL_RENEW_GOLDEN=1`` writes it anew and fails; then the README needs it, too.
    """
    subject, text = mailed(emulator, mailbox, language, ALICE_COMES)
    mail = f"Subject: {subject}\n\n{text}"
    path = GOLDEN / f"mail.{language}.txt"
    agreed = path.read_text("utf-8") if path.exists() else ""
    if mail != agreed and os.environ.get("LOGONBELL_RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(mail, "utf-8")
    assert mail == agreed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_name_makes_no_other_mail(emulator: Emulator, mailbox: Mailbox, language: str) -> None:
    """A name with line breaks, colours and half characters adds no header, no line and no second recipient."""
    told = notify(hostile("x\r\nBcc: mallory@evil.example\r\n\r\n.\r\n\x1b[31m\ud800")[0])
    subject, text = mailed(emulator, mailbox, language, told)
    compose = composer(Reader(language, TOKYO, NAME), lambda: SENT)
    assert (subject, text) == (compose(told).subject, compose(told).body)
    assert r"x\u{d}\u{a}Bcc: mallory@evil.example" in text
    assert mailbox.came.empty()
