"""Instants that the small estates share."""

from datetime import datetime

from tests.frames import NOW

MARCH = datetime(2026, 3, 1, 10, tzinfo=NOW.tzinfo)
