"""Budgets and splits of shared cost in the registry. Pure.

Half a split or budget would tell wrong amounts, so one with a fault is left out.
"""

import json
import re
from collections.abc import Callable

from aurora.contracts import Row, Table
from aurora.contracts.cost import Budgets, CostSplits
from ingest.registry.fields import Fields, Path
from ingest.registry.words import BUDGET, PERIODS, SCOPE, SPLIT, SPLITS, USAGES

Entry = list[tuple[type[Table], Row]]
MARK = re.compile(r"\*|(account|service|resource):\S.*|tag:[^=]+=.+")
CURRENCY = re.compile(r"[A-Z]{3}")


def split(fields: Fields, declared_in: str) -> Entry:
    """The row of one [[split]], whose id has been looked at; nothing if a key of it is wrong or missing."""
    fields.only(SPLIT, elsewhere={"match": "of", "method": "by", "applications": "apps"})
    return _whole(fields, "split", lambda said: (CostSplits, _split(said) | {"declared_in": declared_in}))


def budget(fields: Fields, declared_in: str) -> Entry:
    """The row of one [[budget]], without `starts_on` where the file does not say it; nothing if a key is wrong."""
    fields.only(BUDGET, elsewhere={"limit": "amount", "monthly": "amount", "service": "scope.service"})
    return _whole(fields, "budget", lambda said: (Budgets, _budget(said) | {"declared_in": declared_in}))


def _whole(fields: Fields, called: str, row_of: Callable[[Fields], tuple[type[Table], Row]]) -> Entry:
    wrong: list[str] = []

    def tell(path: Path, message: str) -> None:
        wrong.append(message)
        fields.report(path, f"{message}; this {called} was left out")

    found = row_of(Fields(tell, fields.table, fields.path, fields.thing))
    return [] if wrong else [found]


def _split(said: Fields) -> Row:
    method = _asked(said, "by", SPLITS)
    usage = _asked(said, "usage", USAGES) if method == "usage" else None
    marks = said.texts("of") or []
    if not marks:
        said.tell("of", 'it is missing: write what is shared, such as ["service:Kubernetes"], or ["*"]')
    for mark in marks:
        if not MARK.fullmatch(mark):
            said.tell("of", f'{mark!r}: write account:, service:, resource: or tag:<key>=<value>, or "*"')
    shares = _shares(said) if method == "fixed" else None
    apps = list(shares) if shares else said.texts("apps")
    return {
        "split_id": said.table["id"],
        "name": said.text("name") or said.table["id"],
        "marks": marks,
        "method": method,
        "usage": usage,
        "app_ids": apps,
        "shares": json.dumps(shares, sort_keys=True) if shares else None,
    }


def _asked(said: Fields, name: str, words: dict[str, str]) -> str | None:
    """The word of a key that must be there."""
    word = said.word(name, words)[0]
    if name not in said.table or word == "unknown":
        said.tell(name, f"write one of {', '.join(dict.fromkeys(words.values()))}")
        return None
    return word


def _shares(said: Fields) -> dict[str, float]:
    """Shares by application, above 0 and together at most 1; what they leave stays with nobody."""
    section = said.section("shares")
    shares = {app: section.number(app, 0, 1) for app in section.table}
    known = {app: share for app, share in shares.items() if share is not None}
    if not shares:
        said.tell("shares", "it is missing: write a share for each application, such as { portal = 0.6, crm = 0.4 }")
    elif sum(known.values()) > 1 + 1e-9:
        said.tell("shares", f"they add up to {sum(known.values()):g}: write at most 1 in all")
    return known


def _budget(said: Fields) -> Row:
    amount, currency = said.money("amount"), said.text("currency")
    if "amount" not in said.table:
        said.tell("amount", 'it is missing: write an amount, such as "3000"')
    if currency is None or not CURRENCY.fullmatch(currency):
        said.tell("currency", 'write three capitals, such as "EUR"')
    scope = said.section("scope", SCOPE)
    within = {name: scope.text(name) for name in SCOPE if name in scope.table}
    if "=" not in (within.get("tag") or "="):
        scope.tell("tag", 'write key=value, such as "team=payments"')
    starts_on, ends_on = said.day("starts"), said.day("ends")
    if starts_on and ends_on and ends_on < starts_on:
        said.tell("ends", "it lies before starts")
    return {
        "budget_id": said.table["id"],
        "name": said.text("name") or said.table["id"],
        "scope": json.dumps(within, sort_keys=True) if within else None,
        "app_id": said.slug("app"),
        "team_id": said.text("team"),
        "period": _asked(said, "period", PERIODS) if "period" in said.table else "month",
        "starts_on": starts_on,
        "ends_on": ends_on,
        "limit_amount": amount,
        "currency": currency,
    }
