"""The questions of the page of store reviews; `{told}` stands for FROM and WHERE of what was asked for."""

from datetime import timedelta
from typing import Any

from aurora.ui.data import rows
from aurora.ui.review_filters import COUNTED, Asked

FIGURES = """
    select count(*) as review_count, avg(rating) as rating_avg, count(rating) as rated_count,
           count_if(is_low) as low_count, count_if(is_replied) as replied_count, median(reply_age_s) as reply_age_s,
           count_if(is_low and not is_replied) as waiting_count
    from """
# Text is worked out for few rows: first from when to when a page of the list reaches, then the rows of that time.
EDGES = """
    select min(created_at) as oldest, max(created_at) as newest
    from (select created_at from {told} order by created_at desc limit {limit})"""
LIST = """
    select review_id, store_app, source_instance, country, language, rating, title, body, version, device_model,
           created_at, replied_at, reply_body, review_themes(rating, words, language) as themes,
           review_sentiment(rating, words, language) as sentiment
    from {told} order by created_at desc, review_id limit 1000"""
EXAMPLES = """
    select theme, arg_max(said, (is_low, created_at)) as said
    from (select unnest(review_themes(rating, words, language)) as theme, created_at, coalesce(body, title) as said,
                 coalesce(is_low, false) as is_low from {told} limit 1000) group by theme"""
THEMES = f"""
    with told as (select d.day, d.theme, d.rating, d.review_count from {COUNTED.replace("$since", "$before")})
    , days as (select unnest(generate_series($since::date::timestamp, $until::timestamp, interval 1 day))::date as day)
    , trends as (select n.theme, x.day, coalesce(sum(t.review_count), 0)::bigint as n
                 from (select distinct theme from told) n cross join days x
                 left join told t on t.theme = n.theme and t.day = x.day group by n.theme, x.day)
    , counts as (
      select theme, coalesce(sum(review_count) filter (where day >= $since::date), 0)::bigint as review_count,
             coalesce(sum(review_count) filter (where day < $since::date), 0)::bigint as before_count,
             sum(review_count) filter (where day >= $since::date and rating <= 2)::bigint as low_count,
             sum(review_count) filter (where day >= $since::date and rating is not null)::bigint as rated_count,
             sum(rating * review_count) filter (where day >= $since::date)::double as star_count
      from told group by theme)
    select c.theme, c.review_count, 100.0 * c.review_count / nullif(max(c.review_count) over (), 0) as share_pct,
           c.review_count - c.before_count as change_count, 100.0 * coalesce(c.low_count, 0) / c.rated_count as low_pct,
           c.star_count / c.rated_count as rating_avg, t.trend
    from counts c join (select theme, list(n order by day) as trend from trends group by theme) t on t.theme = c.theme
    qualify c.theme <> '' and c.review_count > 0 order by c.review_count desc, c.theme"""
DAYS = f"""
    select d.day, case when d.rating <= 2 then '1 or 2 stars' when d.rating = 3 then '3 stars' when d.rating >= 4
           then '4 or 5 stars' else 'no stars' end as band, coalesce(min(d.rating), 9) as rank,
           sum(d.review_count)::bigint as review_count
    from {COUNTED} and d.theme = '' group by d.day, band order by d.day, rank"""
SPIKES = """
    from store_review_spikes where ended_on >= $since::date and started_on <= $until::date
    order by started_on desc, score desc"""
TIES = "from store_review_ties(since := $since, until := $until) order by spike_id, place"


def narrowed(asked: Asked, limit: int, skip: int = 0) -> dict[str, Any]:
    """The parameters of what was asked for, over the time from the oldest to the newest of so many reviews alone."""
    edges = rows(EDGES.format(told=asked.told, limit=f"{limit} offset {skip}"), **asked.params).row(0, named=True)
    if edges["oldest"] is None:
        return asked.params
    return asked.params | {"since": edges["oldest"], "until": edges["newest"] + timedelta(microseconds=1)}
