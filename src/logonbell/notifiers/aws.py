"""The one door to AWS: calls that give up in time, and refusals in AWS's own names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

CONNECT_SECONDS = 3
READ_SECONDS = 6
"""A call that nobody answers ends after both together, unless the resolver or a credential process holds it."""


class NotAnswered(Exception):
    """A call that gave nothing. ``names``: what AWS or botocore calls it, the most telling first; ``words``: theirs."""

    def __init__(self, names: Sequence[str], words: str) -> None:
        super().__init__(f"{names[0]}: {words}")
        self.names = names
        self.words = words


class Aws:
    """One service in one region. Credentials come from boto3's own chain.

    boto3 is imported by the first call, so that an agent with nothing to ask does without it.
    """

    def __init__(
        self,
        service: str,
        region: str,
        *,
        endpoint_url: str | None = None,
        profile: str | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._service: Any = service
        self._region = region
        self._endpoint_url = endpoint_url
        self._profile = profile
        self._read_seconds = read_seconds
        self._client: Any = None

    @property
    def endpoint(self) -> str:
        """Where it is asked, as far as that is known."""
        known: str | None = self._client.meta.endpoint_url if self._client else self._endpoint_url
        return known or f"{str(self._service).upper()} ({self._region})"

    def ask(self, request: Callable[[Any], Any]) -> Any:
        """Give what ``request`` gets from a boto3 client. Raises ``NotAnswered``, whatever went wrong on the way."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 150 ms, only when there is something to ask
        from botocore.parsers import ResponseParserError  # noqa: PLC0415 - likewise

        try:
            self._client = self._client or self._connect()
            return request(self._client)
        except ClientError as error:
            raise NotAnswered(*_named_by_aws(error.response)) from error
        except (BotoCoreError, OSError) as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            inner = getattr(error, "kwargs", {}).get("error", "")  # a resolver's words are only there
            raise NotAnswered(kinds, f"{error} {inner}".strip()) from error
        except (ResponseParserError, LookupError, ValueError, AttributeError) as error:
            # What botocore trips over: before there is a client, the output of a credential process; behind that, an
            # answer that is not AWS's (a guest network's logon page is a KeyError).
            name = "ResponseParserError" if self._client else "CredentialRetrievalError"
            raise NotAnswered([name], f"{type(error).__name__}: {error}") from error

    def forget(self) -> None:
        """Forget the client: a new one asks anew for credentials, names and addresses that were mended meanwhile."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def _connect(self) -> Any:
        import boto3  # noqa: PLC0415 - only when there is something to ask
        import botocore.session  # noqa: PLC0415 - likewise
        from botocore.config import Config  # noqa: PLC0415 - likewise
        from botocore.exceptions import NoCredentialsError  # noqa: PLC0415 - likewise

        session = botocore.session.Session(profile=self._profile)
        session.register_component("data_loader", _descriptions(session.get_config_variable("data_path")))
        # As the session's default it also bounds what STS and SSO are asked for credentials. One attempt: the outbox
        # tries again for as long as it takes, and a second attempt in here would only double the wait.
        session.set_default_client_config(
            Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=self._read_seconds,
                retries={"total_max_attempts": 1, "mode": "standard"},
                user_agent_extra="logonbell",
            )
        )
        if session.get_credentials() is None:
            raise NoCredentialsError  # a client without them would never look for those that come later
        return boto3.Session(botocore_session=session, region_name=self._region).client(
            self._service, endpoint_url=self._endpoint_url
        )


def chosen_region() -> str | None:
    """Give the region that the AWS configuration of whoever runs this names. Raises ``NotAnswered``."""
    import botocore.session  # noqa: PLC0415 - only when there is something to ask
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - likewise

    try:
        region: str | None = botocore.session.Session().get_config_variable("region")
    except BotoCoreError as error:
        raise NotAnswered([type(error).__name__], str(error)) from error
    return region


@cache
def _descriptions(path: str | None) -> Any:
    """Give what loads botocore's descriptions of services: each once for all clients, not 90 ms for each client anew."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - only when there is something to ask

    return create_loader(path)


def _named_by_aws(response: Mapping[str, Any]) -> tuple[list[str], str]:
    """AWS's code, and the kind of its HTTP status, which also a proxy between gives; and AWS's words."""
    error = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = "5xx" if status >= 500 else str(status)
    return [error.get("Code") or str(status), kind], error.get("Message") or ""
