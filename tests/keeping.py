"""ministack, which also does what CloudFormation documents of deletion policies and of metadata (run with ``-m keeping``).

CloudFormation user guide: a resource with the deletion policy Retain stays when its stack goes (*DeletionPolicy attribute*),
its event is DELETE_SKIPPED, and a change of metadata is a change (*Update behaviors of stack resources*).
"""

from __future__ import annotations

from typing import Any

from ministack.app import main
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, stacks

_compare = stacks._diff_resources
_take_down = stacks._delete_stack_async


def _compared(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Compare metadata with the properties."""

    def whole(template: dict[str, Any]) -> dict[str, Any]:
        parts = ("Properties", "Metadata")
        return {
            "Resources": {
                name: {**one, "Properties": {part: one.get(part) for part in parts}}
                for name, one in template.get("Resources", {}).items()
            }
        }

    found: list[dict[str, Any]] = _compare(whole(before), whole(after))
    return found


async def _taken_down(name: str, stack: str) -> None:
    """Let go of what is to stay, and take the rest down."""
    made = cloudformation._stacks[name]
    for logical, one in made["_template"]["Resources"].items():
        if one.get("DeletionPolicy") == "Retain" and logical in made["_resources"]:
            kept = made["_resources"].pop(logical)
            stacks._add_event(
                stack,
                name,
                logical,
                one["Type"],
                "DELETE_SKIPPED",
                physical_id=kept["PhysicalResourceId"],
            )
    await _take_down(name, stack)


if __name__ == "__main__":
    changesets._diff_resources = handlers._diff_resources = _compared
    handlers._delete_stack_async = _taken_down
    main()
