"""The accounts behind pull requests, reviews and issues, as people; what is no person's is marked as a bot's."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run

_BOT = re.compile(r"\[bot\]$|[-_]bot$|^(?:dependabot|renovate|github-actions)\b", re.I)


def is_bot(account: Json | None) -> bool:
    """Whether an account is a machine's, by GitHub's own word (GraphQL __typename, REST type) or by its name."""
    told = account or {}
    kind = told.get("__typename") or told.get("type")
    return kind == "Bot" or bool(_BOT.search(str(told.get("login") or "")))


def account_id(run: Run[Any], account: Json | None) -> str | None:
    """The id of an account, by its number, which survives renames; None for a deleted account."""
    number = (account or {}).get("databaseId") or (account or {}).get("id")
    return run.id(number) if number else None


class People:
    """The accounts that one run came across."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run
        self.rows: dict[str, Row] = {}
        self.news: set[str] = set()

    def meet(self, account: Json | None, at: datetime) -> str | None:
        """The id of an account that did something at an instant; None for a deleted account."""
        person_id = account_id(self.run, account)
        if person_id is None or account is None:
            return None
        known = self.rows.get(person_id)
        if known is None or at < known["first_seen_at"]:
            self.rows[person_id] = self._row(person_id, account, at)
            self.news.add(person_id)
        return person_id

    def _row(self, person_id: str, account: Json, at: datetime) -> Row:
        """By its login alone: REST and GraphQL both tell that, and one must not undo the other's row."""
        login = str(account.get("login") or "").removesuffix("[bot]") or None
        return {
            "person_id": person_id,
            "display_name": login,
            "logins": [login] if login else None,
            "is_bot": is_bot(account),
            "first_seen_at": at,
        }

    def met(self) -> Iterator[Row]:
        """The rows of those who are new, or were there earlier than known, since the last call."""
        news, self.news = self.news, set()
        yield from (self.rows[person_id] for person_id in sorted(news))
