"""``logonbell who``: who is on now, since when, by which door, as whom."""

from __future__ import annotations

import json

from logonbell.agent import sessions_open, utc_now
from logonbell.commands.composition import judge_of, reader_of
from logonbell.commands.desk import Desk
from logonbell.config.settings import Config
from logonbell.sentence import plural, say
from logonbell.store.outbox import Outbox
from logonbell.text.moment import span
from logonbell.text.table import draw
from logonbell.wire import line


def who(desk: Desk, config: Config, *, as_lines: bool) -> int:
    """Print the sessions that are open, as far as the agent has read. Returns the exit code."""
    outbox = Outbox.join(config.state)
    try:
        open_now = sessions_open(outbox)
        state = outbox.state()
    finally:
        outbox.close()
    judge, reader = judge_of(config, desk), reader_of(config, desk)
    if as_lines:
        for logon in open_now.logons:
            desk.out.line(json.dumps(line(logon, judge.judge(logon))))
        return 0
    if open_now.logons:
        judged = [(logon, judge.judge(logon)) for logon in open_now.logons]
        draw(judged, desk.out, language=reader.language, zone=reader.zone)
    desk.say(plural("{count:,} session is open.", "{count:,} sessions are open.", len(open_now.logons)))
    if open_now.unsure:
        desk.say(
            plural(
                "{count:,} of them began before records were lost, and may have ended among them.",
                "{count:,} of them began before records were lost, and may have ended among them.",
                open_now.unsure,
            )
        )
    if read := [source.read for source in state.sources.values()]:
        ago = span(utc_now() - max(read), reader.language)
        desk.say(say("As of what the agent read {ago} ago.", ago=ago))
    return 0
