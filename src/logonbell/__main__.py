"""``python -m logonbell``."""

from __future__ import annotations

import sys

from logonbell.cli import main

sys.exit(main())
