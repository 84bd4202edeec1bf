"""Questions to begin with: each is worth asking as it stands, and shows something of what a question can be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A question: what it asks, its icon, what it shows of the page, its SQL."""

    title: str
    icon: str
    shows: str
    sql: str


EXAMPLES = (
    Example(
        "What was down, and for how long?", "monitor_heart", "Bars · days to choose",
        """-- Outages of each component, the longest first
select component_id, count(*) as outages, round(sum(duration_s) / 60) as down_min, arg_max(reason, duration_s) as reason
from component_downtimes(since := :since, until := :until)
group by component_id
order by down_min desc""",
    ),
    Example(
        "Where does the money go, day by day?", "payments", "Lines · one for each application",
        """-- Effective cost of a day, of the six applications that cost most
with most as (
  select app_id from app_cost_daily where day between :since and :until
  group by app_id order by sum(effective_cost) desc limit 6)
select day, app_id, sum(effective_cost) as cost
from app_cost_daily join most using (app_id)
where day between :since and :until
group by all
order by day, app_id""",
    ),
    Example(
        "How quickly does a component answer?", "speed", "Lines · a component to choose",
        """-- Mean and 95th percentile of each hour
select bucket_at, response_time_ms, response_time_p95_ms
from health_series(since := :since, until := :until, bucket_s := 3600)
where component_id = :component
order by bucket_at""",
    ),
    Example(
        "Which deployments failed, week by week?", "rocket_launch", "Lines · counts that add up",
        """-- Production deployments of a week, and those that had to be undone or mended
select date_trunc('week', over_at) as week, count(*) as deployments, count(*) filter (where is_change_failed) as failed
from prod_deployments
group by week
order by week""",
    ),
    Example(
        "Which endpoints are slow or failing?", "api", "A table · several conditions",
        """-- Endpoints with their calls, worst first
select component, upper(method) as method, endpoint, verdict, call_count, success_pct, response_time_ms, p95_ms_max
from api_endpoint_summary(since := :since, until := :until)
order by worst_rank, call_count desc""",
    ),
    Example(
        "What do people say in the stores?", "reviews", "Bars · text that is searched",
        """-- Ratings of the reviews that have a word in them
select rating, count(*) as reviews, count(replied_at) as answered
from store_reviews
where body ilike '%' || coalesce(:word, '') || '%'
group by rating
order by rating""",
    ),
)  # fmt: skip
