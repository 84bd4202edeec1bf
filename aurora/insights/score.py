"""The score of an application, 0-100, with a reason for every point that it lost.

A part measures one value, a curve of three points says what the value is worth, and the weights of the parts that have
data are brought to one. What is lost is split over the rows to blame, so that reasons, parts and score add up exactly.
"""

from datetime import date

import polars as pl

from aurora.insights.score_rules import Rules

NAMED_ROWS, TEXT_LENGTH = 20, 200
DIGITS = 6  # sums of the same floats may differ in their last digit, which must not look like news
KEY = ["app_id", "part"]
POINTS = ("full_at", "half_at", "none_at")
COLUMNS = ["app_id", "day", "part", "weight_ratio", "score", "lost_score", "has_data", "reasons"]


def scores(facts: pl.DataFrame, evidence: pl.DataFrame, rules: Rules, day: date) -> pl.DataFrame:
    """The parts of each application's score on a day, in the columns of app_scores.

    `facts` and `evidence` are rows of app_score_facts and app_score_evidence. The score is 100 - sum(lost_score); an
    application of which nothing is known has nine parts without data, and no score. Rounded: scores to 0.1, what is
    lost to 0.01.
    """
    parts = _with_targets(facts, rules)
    rows = _graded(evidence, rules, day).join(parts.filter("has_data").select(*KEY, "floor"), on=KEY)
    judged = _weighed(_scored(_measured(parts, rows), rules))
    said = pl.concat([_reasons(judged.filter(pl.col("lost_score") > 0), rows, rules), _gaps(judged)])
    return (
        judged.join(said, on=KEY, how="left").with_columns(pl.lit(day).alias("day")).select(COLUMNS).sort(COLUMNS[:3])
    )


def deadline(due_on: pl.Expr, severity: pl.Expr, first_seen_at: pl.Expr, rules: Rules) -> pl.Expr:
    """The last day to mend a finding: first seen + the days of its severity, or `due_on` if earlier; null for none."""
    days = severity.replace_strict(rules.security.deadline_days.model_dump(), default=None, return_dtype=pl.Int64)
    return pl.min_horizontal(first_seen_at.cast(pl.Date) + pl.duration(days=days), due_on)


def _with_targets(facts: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Facts with the targets that nobody declared, the part's weight, and the amount up to which no row is to blame."""
    part, target = pl.col("part"), rules.availability.target_pct
    by_tier = pl.col("tier").replace_strict({1: target.tier_1, 2: target.tier_2}, default=target.other)
    floor = pl.when(part == "latency").then(rules.latency.full_at * pl.col("target"))
    return facts.with_columns(
        pl.when(part == "availability")
        .then(pl.coalesce("target", by_tier))
        .when(part == "latency")
        .then(pl.coalesce("target", pl.lit(rules.latency.objective_ms)))
        .otherwise("target")
        .alias("target"),
        part.replace_strict({name: rule.weight for name, rule in rules.parts().items()}).alias("full_weight"),
    ).with_columns(floor.when(part == "errors").then(rules.errors.full_at).otherwise(0.0).alias("floor"))


def _graded(evidence: pl.DataFrame, rules: Rules, day: date) -> pl.DataFrame:
    """Evidence with `points`: what the row adds to its part's value; findings that still have time are left out."""
    part, grade = pl.col("part"), pl.col("grade")
    due_on = deadline(pl.col("due_on"), grade, pl.col("occurred_at"), rules)
    points = (
        pl.when(part == "alerts")
        .then(_points(grade, rules.alerts.grades.model_dump()))
        .when(part == "security")
        .then(_points(grade, rules.security.grades.model_dump()))
        .when(part == "mobile")
        .then(_points(grade, {word: 1 / limit for word, limit in rules.mobile.limit_pct}))
        .otherwise(1.0)
    )
    return (
        evidence.with_columns(pl.when(part == "security").then(due_on).alias("due_on"))
        .filter((part != "security") | (pl.col("due_on") < day))
        .with_columns((pl.col("amount") * points).alias("points"))
    )


def _points(grade: pl.Expr, words: dict[str, float]) -> pl.Expr:
    return grade.replace_strict(words, default=0.0, return_dtype=pl.Float64)


def _measured(parts: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Parts with `measured`, the value that the curve judges."""
    sums = rows.group_by(KEY).agg(pl.col("points").sum().alias("summed"), pl.col("points").max().alias("worst"))
    part, value, target = pl.col("part"), pl.col("value"), pl.col("target")
    used = pl.when(value >= 100).then(0.0).otherwise((100 - value) / (100 - target))  # nothing down uses no budget
    measured = (
        pl.when(~pl.col("has_data"))
        .then(None)
        .when(part == "availability")
        .then(used)
        .when(part.is_in(["latency", "cost"]))
        .then(value / target)
        .when(part.is_in(["alerts", "security"]))
        .then(pl.col("summed").fill_null(0.0))
        .when(part == "mobile")
        .then("worst")
        .otherwise(value)
    )
    return parts.join(sums, on=KEY, how="left").with_columns(measured.round_sig_figs(DIGITS).alias("measured"))


def _scored(parts: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Parts with `score`: 100 at full_at, 50 at half_at, 0 at none_at, straight lines between."""
    curve = pl.DataFrame(
        [{"part": name} | rule.model_dump(include=set(POINTS)) for name, rule in rules.parts().items()]
    )
    value, full, half, none = (pl.col(name) for name in ("measured", *POINTS))
    score = (
        pl.when(value <= half)
        .then(100 - 50 * (value - full) / (half - full))
        .when(value < none)
        .then(50 - 50 * (value - half) / (none - half))
        .when(value.is_not_null())
        .then(0.0)
        .clip(0, 100)
        .round(1)
    )
    return parts.join(curve, on="part").with_columns(score.alias("score"))


def _weighed(parts: pl.DataFrame) -> pl.DataFrame:
    """Parts with their share of the weights that have data, and the points that they take from the score."""
    known = pl.when("has_data").then("full_weight").otherwise(0.0)
    whole = known.sum().over("app_id")
    ratio = pl.when(whole > 0).then(known / whole).otherwise(0.0)
    return parts.with_columns(ratio.alias("weight_ratio")).with_columns(
        (pl.col("weight_ratio") * (100 - pl.col("score"))).round(2).alias("lost_score")
    )


def _reasons(parts: pl.DataFrame, rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Parts with `reasons`: what each lost, split over the rows to blame, the largest first; it adds up to the cent."""
    place = pl.col("blame").cum_count().over(KEY)
    blamed = pl.concat([_blamed(parts, rows), _facts_blamed(parts, rows, rules)])
    ranked = blamed.sort(*KEY, "blame", "id", descending=[False, False, True, False]).with_columns(place.alias("place"))
    entries = pl.concat([ranked.filter(pl.col("place") <= NAMED_ROWS), _the_others(ranked)]).sort(*KEY, "place")
    upto = (pl.col("blame").cum_sum() / pl.col("blame").sum()).over(KEY)
    cents = (100 * pl.col("lost_score") * upto).round()
    lost = ((cents - cents.shift(1, fill_value=0.0).over(KEY)) / 100).round(2)
    told = pl.struct("table", "id", "text", "lost").struct.json_encode()
    return (
        entries.join(parts.select(*KEY, "lost_score"), on=KEY, maintain_order="left")
        .with_columns(lost.alias("lost"))
        .filter(pl.col("lost") > 0)
        .group_by(KEY, maintain_order=True)
        .agg(told.str.join(",").alias("reasons"))
        .with_columns(("[" + pl.col("reasons") + "]").alias("reasons"))
    )


def _blamed(parts: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows to blame for what the parts lost, each with its share of the blame."""
    mine = rows.join(parts.select(KEY), on=KEY)
    # Of the vitals the worst alone makes the value.
    mine = mine.filter((pl.col("part") != "mobile") | (pl.col("points") == pl.col("points").max().over(KEY)))
    due = pl.when(pl.col("due_on").is_not_null()).then(pl.lit(", due ") + pl.col("due_on").cast(pl.String))
    return mine.select(
        *KEY,
        pl.col("row_table").alias("table"),
        pl.col("row_id").alias("id"),
        (pl.col("text").str.slice(0, TEXT_LENGTH) + due.otherwise(pl.lit(""))).alias("text"),
        (pl.col("weight") * (pl.col("points") - pl.col("floor"))).round_sig_figs(DIGITS).alias("blame"),
    ).filter(pl.col("blame") > 0)


def _facts_blamed(parts: pl.DataFrame, rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Where no row is to blame: the measured value itself, so that no point is lost without a reason."""
    words = pl.col("part").replace_strict({name: rule.value for name, rule in rules.parts().items()})
    return parts.join(_blamed(parts, rows), on=KEY, how="anti").select(
        *KEY,
        pl.lit("app_score_facts").alias("table"),
        pl.concat_str(KEY, separator="/").alias("id"),
        (words + ": " + pl.col("measured").round(2).cast(pl.String)).alias("text"),
        pl.lit(1.0).alias("blame"),
    )


def _the_others(ranked: pl.DataFrame) -> pl.DataFrame:
    """One entry for all rows after the first NAMED_ROWS."""
    more = ranked.filter(pl.col("place") > NAMED_ROWS).group_by(KEY)
    return more.agg(
        pl.col("table").first(),
        pl.lit(None, pl.String).alias("id"),
        (pl.lit("and ") + pl.len().cast(pl.String) + " more").alias("text"),
        pl.col("blame").sum(),
        pl.col("place").min(),
    )


def _gaps(parts: pl.DataFrame) -> pl.DataFrame:
    """Parts without data with the reason why, and the share of all weights that they would have had."""
    weight = (pl.col("full_weight") / pl.col("full_weight").sum().over("app_id")).round(4)
    told = pl.struct(
        pl.lit("app_score_facts").alias("table"),
        pl.concat_str(KEY, separator="/").alias("id"),
        pl.col("no_data_reason").alias("text"),
        pl.lit(0.0).alias("lost"),
        weight.alias("weight"),
    ).struct.json_encode()
    return parts.with_columns(("[" + told + "]").alias("reasons")).filter(~pl.col("has_data")).select(*KEY, "reasons")
