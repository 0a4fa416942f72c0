r"""What a chat would take for a link, a mention or markup, made text.

A chat service reads ``<https://evil.example|your bank>`` and ``[your bank](https://evil.example)`` as a link under
another name, ``<!channel>`` and ``@everyone`` as a call to all. Whoever knocks at the door chooses the name that we
show, so these signs are shown as ``\u{3c}``, in the notation of ``escape.py``. Our own words hold none of them.
"""

from __future__ import annotations

import re

from logonbell.text.escape import Shown

_MARKUP = re.compile(r"[<>\[\]`]|@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)


def plain(text: str) -> Shown:
    """Give a text that is safe to show on a terminal or in a mail so that it is safe in a chat, too."""
    return Shown(_MARKUP.sub(lambda sign: rf"\u{{{ord(sign[0]):x}}}", text))
