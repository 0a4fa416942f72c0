"""SNS and SQS on loopback: emulators of our own, topics in them, and queues and web hooks that hear them."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self
from uuid import uuid4

import boto3

REGION = "ap-northeast-1"
_START_SECONDS = 30.0
_TRIES = 3


class Emulator:
    """ministack as a process of its own, listening on a free port of 127.0.0.1. Use it as a context."""

    module = "ministack"
    health = "/_ministack/health"

    def arguments(self) -> list[str]:
        """What it is started with."""
        return []

    def environment(self) -> dict[str, str]:
        """What it reads besides."""
        return {
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LOG_LEVEL": "WARNING",
        }

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
        raise RuntimeError((self._folder / f"{self.module}.log").read_text("utf-8", "replace"))

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
        environment |= self.environment()
        with (self._folder / f"{self.module}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments()],
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
            connection.request("GET", self.health)
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

    def topic(self, *, fifo: bool = False, name: str = "") -> HeardTopic:
        """Make a topic, and a queue that hears all of it; with ``name`` it is another one's heir."""
        ending = ".fifo" if fifo else ""
        name = name or f"logonbell-{uuid4().hex[:12]}{ending}"
        attributes = {"FifoTopic": "true"} if fifo else {}
        topic_arn = self.client("sns").create_topic(Name=name, Attributes=attributes)["TopicArn"]
        return HeardTopic(topic_arn, self.queue(topic_arn))

    def queue(
        self, topic_arn: str, *, raw: bool = False, chooses: Mapping[str, list[Any]] | None = None
    ) -> Queue:
        """Subscribe a queue to a topic: with raw delivery or not, and with a filter policy if it ``chooses``."""
        ending = ".fifo" if topic_arn.endswith(".fifo") else ""
        sqs = self.client("sqs")
        attributes = {"FifoQueue": "true"} if ending else {}
        url = sqs.create_queue(QueueName=f"queue-{uuid4().hex[:12]}{ending}", Attributes=attributes)[
            "QueueUrl"
        ]
        asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        wanted = {"RawMessageDelivery": "true"} if raw else {}
        if chooses is not None:
            wanted["FilterPolicy"] = json.dumps(chooses)
        self.client("sns").subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=asked["Attributes"]["QueueArn"], Attributes=wanted
        )
        return Queue(url, sqs, raw=raw)


class Moto(Emulator):
    """moto's server in the same way: slower and wider, a second opinion."""

    module = "moto.server"
    health = "/moto-api/"

    def arguments(self) -> list[str]:
        """Listen on loopback."""
        return ["-H", "127.0.0.1", "-p", str(self.port)]

    def environment(self) -> dict[str, str]:
        """Nothing besides."""
        return {}

    def published(self, topic_arn: str) -> list[str]:
        """The bodies that were published to a topic, as they were handed in."""
        with urllib.request.urlopen(f"{self.url}/moto-api/data.json", timeout=10) as answer:  # noqa: S310 - loopback
            data = json.load(answer)
        return [
            message[1]
            for topic in data["sns"]["Topic"]
            if topic["arn"] == topic_arn
            for message in topic["sent_notifications"]
        ]


@dataclass(frozen=True)
class Received:
    """A message as it came out of the queue; one of raw delivery has no envelope, so no id and no subject."""

    message_id: str
    subject: str | None
    body: str
    attributes: Mapping[str, tuple[str, str]]
    """Type and value by name."""
    group: str | None
    deduplication: str | None
    sent: datetime
    """When the queue took it."""


class Queue:
    """A queue that hears a topic."""

    def __init__(self, url: str, sqs: Any, *, raw: bool = False) -> None:
        """``sqs``: the client by which the queue is read."""
        self.url = url
        self._sqs = sqs
        self._raw = raw

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
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return [_raw(message) if self._raw else _received(message) for message in messages]


class HeardTopic:
    """A topic and a queue behind it."""

    def __init__(self, arn: str, queue: Queue) -> None:
        self.arn = arn
        self.url = queue.url
        self.receive = queue.receive
        self.rest = queue.rest


class WebHook:
    """A subscriber of HTTP on loopback, which confirms its subscription as AWS asks. Use it as a context."""

    def __init__(self) -> None:
        self.came: SimpleQueue[tuple[Mapping[str, str], dict[str, Any]]] = SimpleQueue()
        came = self.came

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                came.put((dict(self.headers), json.loads(body)))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, kind: str, *, seconds: float = 10.0) -> dict[str, Any]:
        """Wait for the next message, which is of this kind (``SubscriptionConfirmation``, ``Notification``)."""
        _, message = self.came.get(timeout=seconds)
        assert message["Type"] == kind, message
        return message

    def confirm(self, sns: Any) -> None:
        """Answer the confirmation that comes with its token (ministack does not serve the address beside it)."""
        asked = self.take("SubscriptionConfirmation")
        sns.confirm_subscription(TopicArn=asked["TopicArn"], Token=asked["Token"])


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


def _raw(message: Mapping[str, Any]) -> Received:
    system = message.get("Attributes", {})
    return Received(
        message_id="",
        subject=None,
        body=message["Body"],
        attributes={
            name: (given["DataType"], given["StringValue"])
            for name, given in message.get("MessageAttributes", {}).items()
        },
        group=system.get("MessageGroupId"),
        deduplication=system.get("MessageDeduplicationId"),
        sent=datetime.fromtimestamp(int(system.get("SentTimestamp", "0")) / 1000, UTC),
    )
