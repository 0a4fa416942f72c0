"""Whose alerts are numbered here: each host's last number, and which of the hosts this machine is."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from logonbell.decoding import decode
from logonbell.host import Instance, same_machine
from logonbell.store.codec import text_from_column, text_to_column
from logonbell.store.database import Database

OWN = "select host_id from host where own is not null order by own desc limit 1"
FORMER = "select host_id from host where own < (select max(own) from host)"
ALL = "select host_id, sequence from host where own is null"
ANY = "select host_id from host where sequence > 0 limit 2"
INSTANCE = "select instance from host where host_id = ?"
BE = """
insert into host (host_id, sequence, instance, own)
values (?, ?, ?, coalesce((select max(own) from host), 0) + 1)
on conflict (host_id) do update set
    sequence = max(sequence, excluded.sequence), instance = excluded.instance, own = excluded.own
"""


class Hosts:
    """A part of the outbox. A machine may have been known by several ids: its name first, then its instance's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def own(self) -> str | None:
        """Give the id of this machine; None while nothing but its name was ever known."""
        return next((text_from_column(host) for (host,) in self._database.rows(OWN)), None)

    def former(self) -> list[str]:
        """Give the ids that this machine had before."""
        return [text_from_column(host) for (host,) in self._database.rows(FORMER)]

    def only(self) -> str | None:
        """Give the one host that has alerts; None where there is none, or several."""
        hosts = self._database.rows(ANY)
        return text_from_column(hosts[0][0]) if len(hosts) == 1 else None

    def instance(self, host_id: str) -> Instance | None:
        """Give what is known of a host that is an EC2 instance; None where it is none, or that cannot be read any more."""
        for (facts,) in self._database.rows(INSTANCE, (text_to_column(host_id),)):
            try:
                return None if facts is None else decode(facts, Instance)
            except ValueError:
                return None
        return None

    def rename(self, instance: Instance, name: str) -> Collection[str]:
        """Let a machine that was known by ``name`` be the instance that it is, and go on with its numbers.

        Give the ids under which it has alerts so far.
        """
        with self._database.transaction():
            rows = [(text_from_column(host), number) for host, number in self._database.rows(ALL)]
            mine = {host: number for host, number in rows if same_machine(host, name)}
            for host, number in mine.items():
                self.become(host, None, number)
            self.become(instance.id, instance, max(mine.values(), default=0))
            return mine

    def become(self, host_id: str, instance: Instance | None, number: int = 0) -> None:
        """Let this machine be this host from now on, whose alerts are numbered above ``number``."""
        facts = None if instance is None else msgspec.json.encode(instance).decode()
        self._database.change(BE, (text_to_column(host_id), number, facts))
