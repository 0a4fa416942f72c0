"""SNS on loopback: an emulator as a process of its own, a topic in it, and the queue of one who subscribed."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from logonbell.demo.letter import Letter, read_letter
from logonbell.demo.process import environment

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REGION = "ap-northeast-1"
START_SECONDS = 20.0
_TRIES = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo"}


class Emulator:
    """ministack on a free port of 127.0.0.1. As a context it is started at once, and killed in the end.

    All it writes goes into ``folder``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @staticmethod
    def installed() -> bool:
        """Tell whether there is an emulator here that could be started."""
        return find_spec("ministack") is not None

    @property
    def url(self) -> str:
        """Its address, for ``endpoint_url``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def credentials(self) -> Mapping[str, str]:
        """What a process must find in its environment to publish here: any credentials do."""
        return _CREDENTIALS

    def __enter__(self) -> Self:
        self._launch()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ready(self) -> bool:
        """Wait until it answers; False where it does not, however often it is started."""
        for _ in range(_TRIES):
            if self._answers_in_time():
                return True
            self.__exit__()  # somebody else may have taken the free port first
            self._launch()
        return False

    def subscribe(self) -> tuple[str, Queue]:
        """Make a topic and a queue that hears it; give the topic's ARN and the queue."""
        sns, sqs = self._client("sns"), self._client("sqs")
        topic_arn = sns.create_topic(Name="logonbell")["TopicArn"]
        queue_url = sqs.create_queue(QueueName="on-call")["QueueUrl"]
        asked = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=asked["Attributes"]["QueueArn"])
        sns.close()
        return topic_arn, Queue(sqs, queue_url)

    def _launch(self) -> None:
        self._port = _free_port()
        own = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self._port), "LOG_LEVEL": "WARNING"}
        folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "HOME"), str(self._folder))
        with (self._folder / "emulator.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                cwd=self._folder,
                env=environment(own | folders),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _answers_in_time(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            if self._answers():
                return True
            time.sleep(0.05)
        return False

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=1)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        return False

    def _client(self, service: Any) -> Any:
        import boto3  # noqa: PLC0415 - 200 ms, while the emulator starts
        import botocore.session  # noqa: PLC0415 - likewise
        from botocore.config import Config  # noqa: PLC0415 - likewise

        # Nothing of the user's own AWS settings, and no proxy: a profile that is not there would end the demo.
        alone = {name: (None, None, value, None) for name, value in _NOTHING.items()}
        session = boto3.Session(
            aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
            botocore_session=botocore.session.Session(session_vars=alone),
        )
        return session.client(service, endpoint_url=self.url, config=Config(proxies={}))


_NOTHING = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}


class Queue:
    """The queue of somebody who subscribed to the topic."""

    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def letters(self, language: str) -> Iterator[Letter]:
        """Take what comes, for ever. Raises what boto3 raises once the emulator is gone."""
        with closing(self._sqs):
            while True:
                yield from self._take(language)

    def _take(self, language: str) -> Iterator[Letter]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        for message in answer.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            envelope = json.loads(message["Body"])
            accepted = _EPOCH + timedelta(milliseconds=int(message["Attributes"]["SentTimestamp"]))
            told = json.loads(
                envelope["Message"]
            )  # a queue gets the object for machines; a mail would hold its text
            yield read_letter(envelope["Subject"], told["text"], accepted, language, saved=message["Body"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
