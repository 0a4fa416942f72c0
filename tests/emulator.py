"""SNS and SQS on loopback: an emulator of our own, topics in it, and queues that hear them."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import boto3

REGION = "ap-northeast-1"
_START_SECONDS = 30.0
_TRIES = 3


class Emulator:
    """ministack as a process of its own, listening on a free port of 127.0.0.1. Use it as a context."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where its log goes."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}
        self.port = 0

    @property
    def url(self) -> str:
        """Its address, for ``endpoint_url``."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for _ in range(_TRIES):  # another process may take the free port first
            if self._start():
                return self
        raise RuntimeError((self._folder / "ministack.log").read_text("utf-8", "replace"))

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> bool:
        self.port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "LOG_LEVEL": "WARNING"}
        with (self._folder / "ministack.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._healthy():
                return True
            time.sleep(0.05)
        self.__exit__()
        return False

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def client(self, service: Any) -> Any:
        """A boto3 client of a service in it, made once."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=self.url,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
        return self._clients[service]

    def topic(self, *, fifo: bool = False) -> HeardTopic:
        """Make a topic, and a queue that hears all of it."""
        ending = ".fifo" if fifo else ""
        name = f"logonbell-{uuid4().hex[:12]}{ending}"
        sns, sqs = self.client("sns"), self.client("sqs")
        attributes = {"FifoTopic": "true"} if fifo else {}
        topic_arn = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        attributes = {"FifoQueue": "true"} if fifo else {}
        queue_url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        asked = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=asked["Attributes"]["QueueArn"])
        return HeardTopic(topic_arn, queue_url, sqs)


@dataclass(frozen=True)
class Received:
    """A message as it came out of the queue."""

    message_id: str
    subject: str | None
    body: str
    attributes: Mapping[str, tuple[str, str]]
    """Type and value by name."""
    group: str | None
    deduplication: str | None
    sent: datetime
    """When the queue took it."""


class HeardTopic:
    """A topic and the queue behind it."""

    def __init__(self, arn: str, queue_url: str, sqs: Any) -> None:
        """``sqs``: the client by which the queue is read."""
        self.arn = arn
        self._queue_url = queue_url
        self._sqs = sqs

    def receive(self, count: int, *, seconds: float = 10.0) -> list[Received]:
        """Take ``count`` messages from the queue, or what came within ``seconds``; then also what is there beyond."""
        received: list[Received] = []
        deadline = time.monotonic() + seconds
        while len(received) < count and time.monotonic() < deadline:
            received += self._take(wait=1)
        return received + self.rest()

    def rest(self) -> list[Received]:
        """Take all that is in the queue now."""
        received: list[Received] = []
        while taken := self._take(wait=0):
            received += taken
        return received

    def _take(self, *, wait: int) -> list[Received]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        return [_received(message) for message in messages]


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _received(message: Mapping[str, Any]) -> Received:
    envelope = json.loads(message["Body"])
    system = message.get("Attributes", {})
    return Received(
        message_id=envelope["MessageId"],
        subject=envelope.get("Subject"),
        body=envelope["Message"],
        attributes={
            name: (given["Type"], given["Value"])
            for name, given in envelope.get("MessageAttributes", {}).items()
        },
        group=system.get("MessageGroupId"),
        deduplication=system.get("MessageDeduplicationId"),
        sent=datetime.fromtimestamp(int(system.get("SentTimestamp", "0")) / 1000, UTC),
    )
