"""The EC2 instance that this runs on, as its own metadata service tells (IMDSv2).

Sources: EC2 user guide, *Use IMDSv2*, *Instance identity documents*, *Use instance metadata to view tags*, *Detect whether a
host is an EC2 instance*.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from logonbell.host import Instance

SECONDS = 1.0
"""So long each answer may take: the service is on the instance's own link, and elsewhere nobody answers."""
_ADDRESS = "http://169.254.169.254"
_LONGEST = 1 << 16
_LIFETIME = "60"
"""Seconds for which the token that is asked for holds."""
_ID = re.compile(r"i-[0-9a-f]{8,17}", re.ASCII)
_REGION = re.compile(r"[a-z]{2}[a-z0-9-]*-[0-9]+", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_TAG = 256
"""Characters of a tag's value (EC2 user guide, *Tag restrictions*)."""
DMI = Path("/sys/class/dmi/id")
_MAKERS = ("sys_vendor", "bios_vendor", "bios_version", "product_version")
"""Where Linux shows what the firmware says of the machine: ``Amazon EC2``, on older instances a version like ``4.11.amazon``."""
FIRMWARE = r"HARDWARE\DESCRIPTION\System\BIOS"
_VALUES = ("SystemManufacturer", "SystemVersion", "BIOSVendor", "BIOSVersion")
"""Where Windows shows the same."""


def may_be_instance(environment: Mapping[str, str] = os.environ, dmi: Path = DMI) -> bool:
    """Tell whether the metadata service is worth asking: elsewhere than on EC2, nothing is sent to its address.

    The environment's words are boto3's: one forbids it, one names another address, which is then asked anywhere.
    """
    if environment.get("AWS_EC2_METADATA_DISABLED", "").casefold() == "true":
        return False
    if environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"):
        return True
    return any("amazon" in word.casefold() for word in _firmware(dmi))


if sys.platform == "win32":
    import winreg

    def _firmware(_: Path) -> Iterator[str]:
        """Give what the firmware says of who made the machine."""
        with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, FIRMWARE) as key:
            for value in _VALUES:
                with suppress(OSError):
                    yield str(winreg.QueryValueEx(key, value)[0])

else:

    def _firmware(dmi: Path) -> Iterator[str]:
        """Give what the firmware says of who made the machine."""
        for file in _MAKERS:
            with suppress(OSError):
                yield (dmi / file).read_text("utf-8", "replace")


def this_instance(
    environment: Mapping[str, str] = os.environ, *, seconds: float = SECONDS
) -> Instance | None:
    """Ask which instance this is; None where it is none, or nobody answers."""
    if not may_be_instance(environment):
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
    return Instance(instance, region, account, name[:_TAG] if name else None)
