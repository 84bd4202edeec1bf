"""Answers that may be fetched as files: who holds the token of one gets all of its rows, for as long as it is kept."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

Format = Literal["csv", "parquet", "xlsx", "json"]
FORMATS: tuple[Format, ...] = ("csv", "parquet", "xlsx", "json")
KEPT = 2000
ADDRESS = "/explore/files"


@dataclass(frozen=True)
class Offer:
    """A question whose whole answer may be fetched: its SQL with `:name`, the values, what the file is called."""

    sql: str
    values: dict[str, Any]
    name: str
    actor: str


class Offers:
    """The newest offers of this process by their tokens; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Offer] = OrderedDict()
        self.is_served = False

    def add(self, offer: Offer) -> str:
        """Keep an offer; its token, which nobody can guess."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._kept[token] = offer
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return token

    def find(self, token: str) -> Offer | None:
        """The offer, None if it is unknown or no longer kept."""
        with self._lock:
            return self._kept.get(token)


offers = Offers()
