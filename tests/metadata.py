"""An instance's metadata service on loopback, as EC2 has it (IMDSv2)."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

DOCUMENT = {"instanceId": "i-0123456789abcdef0", "region": "ap-northeast-1", "accountId": "123456789012"}


class Metadata:
    """Answers who brings the token that it gave. Use it as a context; ``asked`` counts the requests."""

    def __init__(self, document: object = DOCUMENT, name: str | None = "bastion-tokyo") -> None:
        """``name``: the tag Name; None where metadata hold no tags."""
        self.asked: list[str] = []
        answers = {"/latest/dynamic/instance-identity/document": json.dumps(document)}
        if name is not None:
            answers["/latest/meta-data/tags/instance/Name"] = name
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                asked.append(self.path)
                lifetime = self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
                self._answer("token-1" if lifetime and self.path == "/latest/api/token" else None)

            def do_GET(self) -> None:
                asked.append(self.path)
                allowed = self.headers["X-aws-ec2-metadata-token"] == "token-1"
                self._answer(answers.get(self.path) if allowed else None)

            def _answer(self, text: str | None) -> None:
                body = (text or "").encode()
                self.send_response(404 if text is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Its address, for ``AWS_EC2_METADATA_SERVICE_ENDPOINT``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
