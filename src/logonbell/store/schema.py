"""The tables of the outbox, and how an older file is brought to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from logonbell.alert import Alert, kind_of
from logonbell.logon import Logon
from logonbell.store.chain import Chain
from logonbell.store.codec import Unreadable, alert_from_json, time_to_column
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


TELLINGS = """
-- Of an alert: by what it is decided when it is told, and why it was not told to anybody.
alter table alert add column level integer not null default 0;
alter table alert add column kind text not null default '';
alter table alert add column time text not null default '';
alter table alert add column door text;
alter table alert add column silenced text;
create index alert_critical on alert (id) where level = 4;

-- A message that was begun, for one alert or for many.
create table telling (
    id integer primary key,
    notifier text not null,
    digest text check (digest in ('storm', 'backlog', 'repeats')),
    fingerprint text not null,
    level integer not null,
    kind text,                -- that of its alerts, where they are all of one
    alerts integer not null,
    why text,
    begun text not null,
    remarks integer not null default 0, -- the newest remark that it may carry
    state text not null default 'pending' check (state in ('pending', 'delivered', 'buried', 'dropped')),
    attempts integer not null default 0,
    due text,                 -- null: at once; else it waits behind a failure
    failed text,
    error text,
    done text,
    receipt text
);
create index telling_pending on telling (notifier, id) where state = 'pending';

create table delivery_of_2 (
    alert integer not null references alert (id),
    notifier text not null,
    telling integer references telling (id), -- null: nothing was begun for it
    primary key (alert, notifier)
) without rowid;

create table notifier (
    name text primary key,
    remarks integer not null  -- the newest remark that it was told
) without rowid;

-- What must be told besides, with the next message of each notifier.
create table remark (
    id integer primary key autoincrement,
    time text not null,
    kind text not null,
    what text not null,
    count integer,
    host_id text,             -- whose numbers, where it is about alerts
    first integer,
    last integer
);

create table silence (
    id integer primary key autoincrement,
    cover text not null,
    because text not null,
    author text not null,
    begins text not null,
    ends text not null,
    held integer not null default 0
);

create table sign_of_life (
    id integer primary key check (id = 1),
    time text not null
);
"""
BEGUN = """
insert into telling (id, notifier, fingerprint, level, alerts, begun, state, attempts, due, failed, error, done, receipt)
select row_number() over (order by delivery.alert, delivery.notifier), delivery.notifier, alert.fingerprint, alert.level, 1,
    coalesce(delivery.done, delivery.failed, alert.read), delivery.state, delivery.attempts, delivery.due, delivery.failed,
    delivery.error, delivery.done, delivery.receipt
from delivery join alert on alert.id = delivery.alert
where delivery.state <> 'pending' or delivery.attempts > 0
"""
REFERRED = """
with begun as (
    select alert, notifier, row_number() over (order by alert, notifier) as id
    from delivery where state <> 'pending' or attempts > 0
)
insert into delivery_of_2 (alert, notifier, telling)
select delivery.alert, delivery.notifier, begun.id
from delivery left join begun on begun.alert = delivery.alert and begun.notifier = delivery.notifier
"""
WAITING = """
drop table delivery;
alter table delivery_of_2 rename to delivery;
create index delivery_waiting on delivery (notifier, alert) where telling is null;
create index delivery_of_telling on delivery (telling) where telling is not null;
"""
UNSENT = """
select distinct alert.id, alert.facts from delivery join alert on alert.id = delivery.alert
where delivery.state = 'pending' and alert.facts is not null
"""
DECIDED_BY = "update alert set level = ?, kind = ?, time = ?, door = ? where id = ?"


def create(database: Database) -> None:
    """Make the first tables."""
    _run(database, SCHEMA)
    database.change(f"pragma application_id = {APPLICATION}")


def tell_together(database: Database) -> None:
    """Let many alerts be told in one message: what was begun becomes a row of its own, which its alerts name.

    What is needed to decide stands in columns then; of alerts that were told it is not needed any more.
    """
    _run(database, TELLINGS)
    for key, facts in database.rows(UNSENT):
        # One that cannot be read any more is told to be so when its turn comes.
        with suppress(Unreadable):
            database.change(DECIDED_BY, (*decided_by(alert_from_json(facts)), key))
    database.change("update alert set time = read where time = ''")
    database.change("update alert set kind = fingerprint where kind = ''")
    database.change(BEGUN)
    database.change(REFERRED)
    _run(database, WAITING)


def decided_by(alert: Alert) -> tuple[int, str, str, str | None]:
    """Give the columns by which it is decided when an alert is told: level, kind, time and door."""
    finding = alert.finding
    door = str(finding.door) if isinstance(finding, Logon) else None
    return int(alert.level), kind_of(alert), time_to_column(finding.time), door


def _run(database: Database, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            database.change(statement)


def make_memory(database: Database) -> None:
    """Make the table of what is known from one time to the next."""
    database.change(
        "create table memory (name text primary key, what text not null, time text not null) without rowid"
    )


CHAIN = """
-- What became of the history, in the order in which it did; each mark covers the one before it.
create table link (
    number integer primary key,
    kind text not null check (kind in ('finding', 'alert', 'forgotten')),
    row integer not null,     -- that was written; of what was forgotten, how many
    time text not null,       -- of its event; of what was forgotten, before which
    at text not null,
    digest text not null,
    mark text not null
);

-- The newest link that was dropped, and before when everything may have been.
create table checkpoint (
    id integer primary key check (id = 1),
    number integer not null,
    mark text not null,
    before text
);

-- A history that is replaced by an older copy goes on under another name.
create table history (
    id integer primary key,
    name text not null,
    since integer not null    -- its first link
);

-- The newest link of each.
alter table finding add column link integer;
alter table alert add column link integer;

-- By what a message proves that none is missing.
alter table notifier add column number integer not null default 0;
alter table notifier add column mark text not null default '';
alter table telling add column history text;
alter table telling add column number integer;
alter table telling add column before text;
alter table telling add column link integer;
alter table telling add column head text;
"""


def chain(database: Database) -> None:
    """Make the tables of the chain, and take what stands in the history already as its first links."""
    _run(database, CHAIN)
    links = Chain(database)
    links.begin()
    links.take_up()


def note_first_starts(database: Database) -> None:
    """Let it be known where the news of each source began; of older ones that is not known (null)."""
    database.change("alter table bookmark add column news text")


def know_hosts(database: Database) -> None:
    """Let it be known which of the hosts this machine is, and what is known of it as an instance."""
    database.change("alter table host add column instance text")  # id, region, account and name, as JSON
    database.change(
        "alter table host add column own integer"
    )  # 1, 2, 3, ... of ours, the newest now; null: not ours


def announce_silences(database: Database) -> None:
    """Let it be known by which notice a silence was told of; older ones need none."""
    database.change("alter table silence add column notice text not null default ''")


MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    create,
    tell_together,
    make_memory,
    chain,
    note_first_starts,
    know_hosts,
    announce_silences,
)
"""Step N brings version N to N + 1."""
