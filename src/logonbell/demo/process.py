"""What the demo's processes find in their environment."""

from __future__ import annotations

import os
from collections.abc import Mapping


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a process that reaches nothing but this machine, whatever the user has set for AWS."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONIOENCODING": "utf-8",
        **more,
    }
