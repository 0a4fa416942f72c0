"""The tables of the outbox, and how an older file is brought to them."""

from __future__ import annotations

from collections.abc import Callable

from logonbell.store.database import Database

APPLICATION = 0x6C6F6762
"""SQLite's ``application_id``: by it a file is known as ours."""

SCHEMA = """
create table bookmark (
    source text primary key,
    bookmark text not null,
    newest text,              -- record ids are 64 bits without a sign, one more than SQLite's integers hold
    read text not null,
    crc integer not null      -- of the bookmark: a wrong one would skip events without a word
) without rowid;

create table snapshot (
    id integer primary key check (id = 1),
    snapshot text not null,
    read text not null,
    crc integer not null
);

create table finding (
    id integer primary key,
    host text not null,
    channel text not null,
    record_id text not null,
    time text not null,
    facts text not null,
    ended text,               -- a logon's, once its logoff was seen; a later version of the logon does not undo it
    seen text not null,
    revised text not null,
    unique (host, channel, record_id, time)
);
create index finding_by_time on finding (time);

create table host (
    host_id text primary key,
    sequence integer not null -- the last number given; outlives the alerts, so that none is given twice
) without rowid;

create table alert (
    id integer primary key,
    fingerprint text not null unique,
    host_id text not null,
    sequence integer not null,
    read text not null,
    facts text,               -- null once forgotten; the fingerprint stays
    unique (host_id, sequence)
);

create table delivery (
    alert integer not null references alert (id),
    notifier text not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'buried')),
    attempts integer not null default 0,
    due text,                 -- null: at once
    failed text,
    error text,
    done text,
    receipt text,
    primary key (alert, notifier)
) without rowid;
create index delivery_pending on delivery (notifier, alert) where state = 'pending';

create table mending (
    id integer primary key,
    time text not null,
    what text not null,
    floor integer not null    -- sequence numbers go on above it
);
"""


def create(database: Database) -> None:
    """Make the first tables."""
    for statement in SCHEMA.split(";\n"):
        database.change(statement)
    database.change(f"pragma application_id = {APPLICATION}")


def make_memory(database: Database) -> None:
    """Make the table of what is known from one time to the next."""
    database.change(
        "create table memory (name text primary key, what text not null, time text not null) without rowid"
    )


MIGRATIONS: tuple[Callable[[Database], None], ...] = (create, make_memory)
"""Step N brings version N to N + 1."""
