"""Whether what the agent obeys and keeps is safe from others, where it has the rights of root or SYSTEM."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from logonbell.errors import Refused
from logonbell.places import Exposed
from logonbell.sentence import Sentence, say

REDIRECTING = (
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_",
    "AWS_DATA_PATH",
    "AWS_DEFAULT_PROFILE",
    "AWS_EC2_METADATA_SERVICE_",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "ALL_PROXY",
    "BOTO_CONFIG",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SSLKEYLOGFILE",
)
"""Variables by which messages go elsewhere, or somebody listens: whatever begins so, in any case."""


def set_aside(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Take out of the environment what would redirect messages; give what was there."""
    found = {name: value for name, value in environment.items() if name.upper().startswith(REDIRECTING)}
    for name in found:
        del environment[name]
    return found


def put_back(
    environment: MutableMapping[str, str], aside: Mapping[str, str], named: Collection[str]
) -> list[str]:
    """Put back what the settings name, in any case; give the names of the others."""
    wanted = {name.upper() for name in named}
    environment.update({name: value for name, value in aside.items() if name.upper() in wanted})
    return sorted(name for name in aside if name.upper() not in wanted)


@dataclass(frozen=True, slots=True)
class Started:
    """How the agent was started: with which settings, and what was set aside of the environment."""

    config: Path
    aside: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def by_machine(cls, environment: MutableMapping[str, str], config: Path) -> Started:
        """Note a start by the machine (``python -I``), whose environment is nobody's word; by hand, it is."""
        return cls(config, set_aside(environment))

    @property
    def file(self) -> Path | None:
        """The file of settings; None where they come from elsewhere."""
        return None if self.config.as_posix().startswith("ssm:") else self.config


def ignored(name: str) -> Sentence:
    """Say that a variable is ignored, and how to have it obeyed."""
    return say(
        "{name} is set for this machine and would redirect messages, so it is ignored."
        " To obey it, name it in the settings: environment = ['{name}']",
        name=name,
    )


def refuse_if_exposed(paths: Iterable[Path]) -> None:
    """Raise ``Refused`` where others may write what is obeyed, or put another into its place."""
    for one in _exposed(paths):
        raise Refused(
            say(
                "{path} may be written by others ({who}), and logonbell would obey them as {us}.",
                path=str(one.path),
                who=one.who,
                us="SYSTEM" if sys.platform == "win32" else "root",
            ),
            say("Let only administrators write there, as logonbell install does.")
            if sys.platform == "win32"
            else say(
                "Give it and the folders above to root, and take the right to write from all others: chmod go-w"
            ),
        )


def readable(folder: Path) -> Sentence | None:
    """Say that others may read a folder in which everything about everybody's logons is kept; None where they may not."""
    if sys.platform != "win32" and os.geteuid() == 0 and folder.exists() and folder.stat().st_mode & 0o077:
        return say(
            "{path} may be read by others: it tells who logged on, when and from where. Mend it: chmod 700",
            path=str(folder),
        )
    return None


if sys.platform == "win32":
    from logonbell.windows.guarded import exposed
    from logonbell.windows.security import OwnSecurity, Security

    def _exposed(paths: Iterable[Path], security: Security | None = None) -> list[Exposed]:
        security = security or OwnSecurity()
        return exposed(security, paths) if security.system() else []

else:
    from logonbell.linux import guarded

    def _exposed(paths: Iterable[Path]) -> list[Exposed]:
        if os.geteuid() != 0:
            return []
        caller = os.environ.get("SUDO_UID", "")
        # Whoever may sudo is root already.
        return guarded.exposed(paths, {0, int(caller)} if caller.isdigit() else guarded.ROOT)
