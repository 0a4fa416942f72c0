"""The one door to pywin32: Windows' event log as an ``EventLog``.

Only XML is rendered, never a message: EvtFormatMessage crashes on some Windows versions and needs each publisher's files.
Handles are closed by name, not by the garbage collector, on the thread that opened them.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("There is no Windows event log on this system.")

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pywintypes
import win32event
import win32evtlog

from logonbell.sources.eventlog import GONE, EventLogError, Rendered

_AT_ONCE = 0
"""Milliseconds that EvtNext waits: a pause is the agent's business."""
_TIMEOUT = 1460
"""ERROR_TIMEOUT: nothing came within that time."""


class WindowsEventLog:
    """See ``EventLog``."""

    def follow(self, channel: str, query: str, after: str | None) -> WindowsFeed:
        """See ``EventLog.follow``."""
        with _told("EvtSubscribe"):
            # Set at first: what the log holds already does not signal.
            signal = win32event.CreateEvent(None, True, True, None)
            bookmark = None
            try:
                if after is None:
                    flags = win32evtlog.EvtSubscribeStartAtOldestRecord
                    events = win32evtlog.EvtSubscribe(channel, flags, SignalEvent=signal, Query=query)
                else:
                    bookmark = win32evtlog.EvtCreateBookmark(after)
                    flags = win32evtlog.EvtSubscribeStartAfterBookmark | win32evtlog.EvtSubscribeStrict
                    events = win32evtlog.EvtSubscribe(
                        channel, flags, SignalEvent=signal, Query=query, Bookmark=bookmark
                    )
            except BaseException:
                _close(signal)
                raise
            finally:
                if bookmark is not None:
                    _close(bookmark)
        return WindowsFeed(events, signal)

    def query(
        self,
        channel: str,
        query: str,
        *,
        after: str | None = None,
        skip: int = 0,
        newest_first: bool = False,
    ) -> WindowsFeed:
        """See ``EventLog.query``."""
        order = win32evtlog.EvtQueryReverseDirection if newest_first else win32evtlog.EvtQueryForwardDirection
        with _told("EvtQuery"):
            events = win32evtlog.EvtQuery(channel, win32evtlog.EvtQueryChannelPath | order, query)
            try:
                if after is not None:
                    _seek_behind(events, after, skip)
                elif skip:
                    win32evtlog.EvtSeek(events, skip, win32evtlog.EvtSeekRelativeToFirst)
            except BaseException:
                _close(events)
                raise
        return WindowsFeed(events, None)


def _seek_behind(events: Any, after: str, skip: int) -> None:
    bookmark = win32evtlog.EvtCreateBookmark(after)
    try:
        flags = win32evtlog.EvtSeekRelativeToBookmark | win32evtlog.EvtSeekStrict
        if skip:
            win32evtlog.EvtSeek(events, 1 + skip, flags, bookmark)
            return
        # To the bookmark itself, as that must be there; what is behind it need not be.
        win32evtlog.EvtSeek(events, 0, flags, bookmark)
        for event in win32evtlog.EvtNext(events, 1, _AT_ONCE):
            _close(event)
    finally:
        _close(bookmark)


class WindowsFeed:
    """See ``Feed``."""

    def __init__(self, events: Any, signal: Any) -> None:
        self._events = events
        self._signal = signal

    def next(self, count: int) -> Sequence[Rendered]:
        """See ``Feed.next``."""
        with _told("EvtNext"):
            try:
                handles = win32evtlog.EvtNext(self._events, count, _AT_ONCE)
            except pywintypes.error as error:
                if error.winerror != _TIMEOUT:
                    raise
                return []
            try:
                return [_rendered(each) for each in handles]
            finally:
                for each in handles:
                    _close(each)

    def signalled(self) -> bool:
        """See ``Feed.signalled``. The signal is taken back before the log is read: what comes meanwhile sets it again."""
        if self._signal is None:
            return False
        with _told("WaitForSingleObject"):
            is_set: bool = win32event.WaitForSingleObject(self._signal, 0) == win32event.WAIT_OBJECT_0
            if is_set:
                win32event.ResetEvent(self._signal)
        return is_set

    def close(self) -> None:
        """See ``Feed.close``."""
        try:
            _close(self._events)
        finally:
            if self._signal is not None:
                _close(self._signal)


def _rendered(event: Any) -> Rendered:
    """Render one record; what Windows cannot render of it costs no other. Raises where it is the service that is gone."""
    return Rendered(
        _given(lambda: win32evtlog.EvtRender(event, win32evtlog.EvtRenderEventXml)),
        _given(lambda: _place_of(event)) or "",
    )


def _place_of(event: Any) -> str:
    bookmark = win32evtlog.EvtCreateBookmark(None)
    try:
        win32evtlog.EvtUpdateBookmark(bookmark, event)
        place: str = win32evtlog.EvtRender(bookmark, win32evtlog.EvtRenderBookmark)
        return place
    finally:
        _close(bookmark)


def _given(render: Callable[[], str]) -> str | None:
    try:
        return render()
    except pywintypes.error as error:
        if error.winerror in GONE:
            raise
        return None


def _close(handle: Any) -> None:
    """Give a handle back: the stubs do not know that every one of pywin32's can be closed by name."""
    handle.Close()


@contextmanager
def _told(call: str) -> Iterator[None]:
    """Raise what pywin32 raises as ``EventLogError``."""
    try:
        yield
    except pywintypes.error as error:
        raise EventLogError(error.winerror, error.funcname or call) from error
