"""The PromQL that can be counted exactly from metric_points, read word by word. Pure.

https://prometheus.io/docs/prometheus/latest/querying/basics/ names the grammar. Everything that is not one of the forms
below is refused: a query that is nearly the same would tell another budget.
"""

import re
from dataclasses import dataclass

MAX_QUERY, MAX_DEPTH = 10_000, 20
WINDOW = "{{.window}}"
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t"}
_WORDS = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)
    |(?P<window>\{\{\s*\.window\s*\}\})
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<number>[0-9][0-9a-z.]*)
    |(?P<sign>=~|!~|!=|[=(){}\[\],/+-])""",
    re.VERBOSE,
)


class RefusedError(Exception):
    """One objective cannot be taken over; the message says why, as a sentence without an end."""


@dataclass(frozen=True)
class Selector:
    """Series of one metric by their labels, and how they are asked: rate, increase, last (a gauge) or "" (a total)."""

    metric: str
    labels: tuple[tuple[str, str, str], ...] = ()
    function: str = ""
    window: str = ""


# Counts that are added (1) or taken away (-1).
Terms = tuple[tuple[int, Selector], ...]


def counted(query: str) -> Terms:
    """`sum(rate(NAME{label="x"}[{{.window}}]))`, or with increase, or with 1m as the window, and differences of these.

    `or vector(0)` may follow. Raises RefusedError with the query.
    """
    words = _Words(query)
    found = words.terms()
    words.or_zero()
    words.end()
    return found


def counter(query: str) -> Terms:
    """`sum(NAME{label="x"})` of a total that only grows. Raises RefusedError."""
    words = _Words(query)
    words.take("sum", "(")
    found = words.selector()
    words.take(")")
    words.end()
    return ((1, found),)


def gauge(query: str) -> Selector:
    """`NAME{label="x"}`. Raises RefusedError."""
    words = _Words(query)
    found = words.selector()
    words.end()
    return Selector(found.metric, found.labels, "last")


def ratio(query: str) -> tuple[Terms, Terms]:
    """Two counts, one divided by the other. Raises RefusedError."""
    words = _Words(query)
    above = words.term()
    words.take("/")
    below = words.term()
    words.end()
    return above, below


def minus(terms: Terms, others: Terms) -> Terms:
    """The first without the second; what is there with both signs goes."""
    left, taken = list(terms), [(-sign, selector) for sign, selector in others]
    for term in list(taken):
        if (-term[0], term[1]) in left:
            left.remove((-term[0], term[1]))
            taken.remove(term)
    return (*left, *taken)


class _Words:
    """The words of a query from left to right."""

    def __init__(self, query: str) -> None:
        self.query = query
        self._words: list[tuple[str, str]] = []
        self._next = self._depth = 0
        place = 0
        while place < len(query):
            word = _WORDS.match(query, place) if len(query) <= MAX_QUERY else None
            if word is None:
                raise self.refusal()
            place = word.end()
            if word.lastgroup != "blank":
                self._words.append((word.lastgroup or "", word[0]))

    def refusal(self, why: str = "") -> RefusedError:
        shown = " ".join(self.query[:300].split())
        why = why or f'only sum(rate(NAME{{label="x"}}[{WINDOW}])), or increase, can be counted exactly'
        return RefusedError(f"{shown!r}: {why}")

    def has(self, *texts: str) -> bool:
        ahead = self._words[self._next : self._next + len(texts)]
        return [word for _, word in ahead] == list(texts)

    def take(self, *texts: str) -> None:
        if not self.has(*texts):
            raise self.refusal()
        self._next += len(texts)

    def any_of(self, *kinds: str) -> tuple[str, str]:
        if self._next >= len(self._words) or self._words[self._next][0] not in kinds:
            raise self.refusal()
        self._next += 1
        return self._words[self._next - 1]

    def end(self) -> None:
        if self._next < len(self._words):
            raise self.refusal()

    def or_zero(self) -> None:
        if self.has("or"):
            self.take("or", "vector", "(", "0", ")")

    def terms(self) -> Terms:
        found = self.term()
        while self.has("-") or self.has("+"):
            sign = 1 if self.any_of("sign")[1] == "+" else -1
            found += tuple((sign * own, selector) for own, selector in self.term())
        return found

    def term(self) -> Terms:
        """A count, or several in brackets, which `or vector(0)` may end."""
        if not self.has("("):
            return ((1, self._count()),)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.refusal()
        self.take("(")
        found = self.terms()
        self.or_zero()
        self.take(")")
        self._depth -= 1
        return found

    def _count(self) -> Selector:
        self.take("sum", "(")
        function = self.any_of("name")[1]
        if function not in ("rate", "increase"):
            raise self.refusal()
        self.take("(")
        found = self.selector()
        self.take("[")
        kind, window = self.any_of("window", "number")
        if kind == "number" and window not in ("1m", "60s"):
            raise self.refusal(f"over {window} each event counts more than once: write [{WINDOW}] or [1m]")
        self.take("]", ")", ")")
        return Selector(found.metric, found.labels, function, WINDOW if kind == "window" else "1m")

    def selector(self) -> Selector:
        metric = self.any_of("name")[1]
        labels: list[tuple[str, str, str]] = []
        if self.has("{"):
            self.take("{")
            while not self.has("}"):
                labels.append((self.any_of("name")[1], self._operator(), self._text(self.any_of("text")[1])))
                if not self.has("}"):
                    self.take(",")
            self.take("}")
        if any(":" in name or name == "__name__" for name, *_ in labels):
            raise self.refusal("write the metric's name before the brace")
        return Selector(metric, tuple(labels))

    def _operator(self) -> str:
        sign = self.any_of("sign")[1]
        if sign not in ("=", "!=", "=~", "!~"):
            raise self.refusal()
        return sign

    def _text(self, quoted: str) -> str:
        if quoted[0] == "`":
            return quoted[1:-1]
        if wrong := re.search(r"""\\[^\\"'nt]""", re.sub(r"\\\\", "", quoted)):
            raise self.refusal(f"its escape {wrong[0]} is not read: write the sign itself")
        return re.sub(r"\\(.)", lambda found: _ESCAPES[found[1]], quoted[1:-1])
