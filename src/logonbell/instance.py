"""The EC2 instance that this runs on, as its own metadata service tells (IMDSv2).

Sources: EC2 user guide, *Use IMDSv2*, *Instance identity documents*, *Use instance metadata to view tags*.
"""

from __future__ import annotations

import http.client
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 1.0
"""So long each answer may take: the service is on the instance's own link, and elsewhere nobody answers."""
_ADDRESS = "http://169.254.169.254"
_LONGEST = 1 << 16
_LIFETIME = "60"
"""Seconds for which the token that is asked for holds."""
_ID = re.compile(r"i-[0-9a-f]{8,17}", re.ASCII)
_REGION = re.compile(r"[a-z]{2}[a-z0-9-]*-[0-9]+", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance; ``name`` is its tag Name, None where its metadata do not hold tags."""

    id: str
    region: str
    account: str
    name: str | None


def this_instance(
    environment: Mapping[str, str] = os.environ, *, seconds: float = SECONDS
) -> Instance | None:
    """Ask which instance this is; None where it is none, or nobody answers. The environment's words are boto3's."""
    if environment.get("AWS_EC2_METADATA_DISABLED", "").casefold() == "true":
        return None
    try:
        address = urlsplit(environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _ADDRESS)
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=seconds)
    except ValueError:
        return None
    try:
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": _LIFETIME}
        token = _asked(connection, "PUT", "/latest/api/token", headers)
        if token is None:
            return None
        headers = {"X-aws-ec2-metadata-token": token}
        document = _asked(connection, "GET", "/latest/dynamic/instance-identity/document", headers)
        name = _asked(connection, "GET", "/latest/meta-data/tags/instance/Name", headers)
        return None if document is None else _read(document, name)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _asked(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str]
) -> str | None:
    connection.request(method, path, headers=dict(headers))
    answer = connection.getresponse()
    text = answer.read(_LONGEST).decode("utf-8")
    return text if answer.status == 200 else None


def _read(document: str, name: str | None) -> Instance | None:
    """Read the identity document. What answers there need not be AWS, so nothing is taken that does not look like it."""
    told = json.loads(document)
    if not isinstance(told, dict):
        return None
    instance, region, account = (str(told.get(key, "")) for key in ("instanceId", "region", "accountId"))
    if not (_ID.fullmatch(instance) and _REGION.fullmatch(region) and _ACCOUNT.fullmatch(account)):
        return None
    return Instance(instance, region, account, name)
