"""Findings and alerts of every kind, with whatever a hostile log could put into them."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from logonbell.alert import Alert, Level
from logonbell.event import EventRef
from logonbell.logon import (
    Certificate,
    Door,
    FailedLogons,
    Finding,
    LogCleared,
    Logoff,
    Logon,
    Notice,
    NoticeKind,
    Promotion,
    Selected,
    System,
    Tampering,
    TamperKind,
    User,
)
from logonbell.sentence import Sentence, say


def healed(text: str) -> str:
    """Join the halves of a surrogate pair that stand side by side, and leave lone ones."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


texts = st.text(st.characters(exclude_categories=()), max_size=12).map(healed)
times = st.datetimes(datetime(1601, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (zone given)
refs = st.builds(EventRef, texts, st.integers(0, 2**64 - 1), st.integers(0, 65535))
events = st.lists(refs, min_size=1, max_size=3).map(tuple)
serials = st.integers(0, 2**64 - 1).map(str)
users = st.builds(User, texts, texts, st.none() | texts)
promotions = st.builds(Promotion, times, st.none() | users, refs, st.booleans())
holes = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    texts | st.integers() | st.floats(allow_nan=False) | st.sampled_from(Door),
)
tellable = st.builds(say, st.sampled_from(["a door", "{who} came"]), who=texts)
sentences = st.builds(Sentence, texts, holes, st.none() | texts, st.none() | st.integers())


def any_finding(sentences: st.SearchStrategy[Sentence]) -> st.SearchStrategy[Finding]:
    """Give findings of every kind, with such sentences in them."""
    logons = st.builds(
        Logon,
        time=times,
        host=texts,
        door=st.sampled_from(Door),
        events=events,
        why=sentences,
        user=st.none() | users,
        logon_type=st.none() | st.integers(0, 13),
        logon_id=st.none() | texts,
        address=st.none() | texts,
        workstation=st.none() | texts,
        elevated=st.none() | st.booleans(),
        domain_admin=st.none() | st.booleans(),
        principal=st.none() | texts,
        ssm_session=st.none() | texts,
        ssm_document=st.none() | texts,
        ssm_port=st.none() | texts,
        ssm_match=st.none() | sentences,
        promotion=st.none() | promotions,
        system=st.sampled_from(System),
        method=st.none() | texts,
        key=st.none() | texts,
        certificate=st.none() | st.builds(Certificate, texts, serials, texts),
        uid=st.none() | st.integers(0, 2**32),
        by=st.none() | users,
        terminal=st.none() | texts,
        ended=st.none() | times,
        resumes=st.none() | refs,
        began=st.none() | times,
        folded=st.integers(1, 10**6),
    )
    return st.one_of(
        logons,
        st.builds(
            FailedLogons,
            times,
            texts,
            events,
            times,
            st.integers(3, 10**9),
            st.lists(texts, max_size=3).map(tuple),
            st.lists(texts, max_size=3).map(tuple),
            st.booleans(),
            st.booleans(),
        ),
        st.builds(LogCleared, times, texts, events, texts, st.none() | users),
        st.builds(Logoff, times, texts, events, refs, times, st.sampled_from(Door), st.none() | users),
        st.builds(Notice, times, texts, events, st.sampled_from(NoticeKind), sentences),
        st.builds(
            Tampering,
            times,
            texts,
            events,
            st.sampled_from(TamperKind),
            st.none() | users,
            texts,
            st.booleans(),
            st.integers(1, 10**6),
        ),
        st.builds(Selected, times, texts, events, texts, sentences, st.none() | users),
    )


findings = any_finding(sentences)
tellable_findings = any_finding(tellable)
"""Findings with sentences as code makes them, which can be put into words."""

alerts = st.builds(
    Alert,
    st.text("0123456789abcdef", min_size=32, max_size=32),
    texts,
    st.sampled_from(Level),
    texts,
    sentences,
    findings,
)
