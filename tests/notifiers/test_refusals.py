from __future__ import annotations

import string

import botocore.exceptions
import botocore.session
import pytest

from logonbell.notifiers.refusals import TABLE, UNKNOWN, Row, read_refusal

FACTS = {"topic": "T", "region": "R", "endpoint": "E"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: min(row.names))
def test_every_row_speaks(row: Row) -> None:
    """Each sentence of the table has all its holes filled, and says that the alert waits, is sent again, or is not taken."""
    holes = {name for _, name, _, _ in string.Formatter().parse(row.why.words) if name}
    assert holes <= {*FACTS, "code", "words"}
    told = str(row.why.words.format_map({**FACTS, "code": "C", "words": "W"}))
    assert ("this message" in told) is row.permanent
    assert row.single or not row.permanent
    if not row.permanent:
        assert any(promise in told for promise in ("the alert waits", "is sent again", "is tried again"))


def test_no_row_is_in_anothers_shadow() -> None:
    """Each row can be reached: some name of it is not taken by an earlier row for whatever AWS says."""
    spoken: set[str] = set()
    for row in TABLE:
        assert row.names - spoken, sorted(row.names)
        if not row.says:
            spoken |= row.names


def test_all_that_sns_declares_is_known() -> None:
    """Every error that the SNS API declares for publishing has its own sentence."""
    model = botocore.session.get_session().get_service_model("sns")
    known = frozenset().union(*(row.names for row in TABLE))
    declared = {
        shape.metadata.get("error", {}).get("code", shape.name)
        for operation in ("Publish", "PublishBatch")
        for shape in model.operation_model(operation).error_shapes
    }
    ours = {
        "BatchEntryIdsNotDistinct",
        "EmptyBatchRequest",
        "InvalidBatchEntryId",
        "TooManyEntriesInBatchRequest",
    }
    push = {"EndpointDisabled", "PlatformApplicationDisabled"}  # phones only, never a topic
    assert declared - ours - push <= known


def test_names_of_exceptions_are_real() -> None:
    """Each exception that the table names exists in botocore, or in Python itself: none is misspelt."""
    plain = {"PermissionError", "FileNotFoundError", "ResponseParserError"}
    named = {
        name
        for row in TABLE
        for name in row.names
        if name.endswith(("Error", "NotFound")) and "KMS" not in name
    }
    codes = {
        "AuthorizationError",
        "InternalError",
        "InternalServerError",
        "ValidationError",
        "NotFound",
        "TopicNotFound",
    }
    assert {name for name in named - plain - codes if not hasattr(botocore.exceptions, name)} == set()


def test_what_nobody_knows_waits() -> None:
    """A refusal that is not in the table is no reason to bury an alert."""
    refusal = read_refusal(["NeverHeardOf"], "no\nmore", FACTS)
    answer = refusal.undelivered
    assert not refusal.single
    assert answer.why.words == UNKNOWN.words
    assert not answer.permanent
    assert "NeverHeardOf: no more" in str(answer.why)
