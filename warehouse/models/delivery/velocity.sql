-- One row per project: completed points of its last five closed sprints, their trend, and what is left of what is planned.
-- The trend is the slope of a straight line through them, from the first to the last, in percent of their mean: within 5 % it
-- is stable; it takes three sprints. left_points: not done, in the active and in future sprints.
-- The forecast is when that is done from now on at the mean pace, and at the best and the worst of the five.
-- grain: project_id
with closed as (
  select project_id, sprint_id, name, committed_points, completed_points, coalesce(completed_at, ends_at) as over_at,
         epoch(ends_at - starts_at) / 86400 as days,
         row_number() over (partition by project_id order by coalesce(completed_at, ends_at) desc, sprint_id) as back
  from sprints where state = 'closed' and completed_points is not null and coalesce(completed_at, ends_at) is not null
)
, summed as (
  select project_id, count(*) as sprint_count, avg(completed_points) as velocity_points, min(completed_points) as worst_points,
         max(completed_points) as best_points, median(days) as sprint_days,
         100.0 * sum(completed_points) / nullif(sum(committed_points) filter (where committed_points is not null), 0) as kept_pct,
         case when count(*) >= 3 then 100 * -regr_slope(completed_points, back) * (count(*) - 1) / nullif(avg(completed_points), 0) end
           as trend_pct,
         arg_max(completed_points, over_at) as last_completed_points, arg_max(committed_points, over_at) as last_committed_points
  from closed where back <= 5 group by project_id
)
, planned as (
  select s.project_id, w.work_item_id, any_value(w.points) as points
  from work_items w join sprints s on list_contains(w.sprint_ids, s.sprint_id) and s.state in ('active', 'future')
  where w.state not in ('done') group by all
)
, remaining as (
  select project_id, sum(points) as left_points, count(*) as left_items, count(*) filter (where points is null) as left_unsized_items
  from planned group by project_id
)
select v.project_id, v.sprint_count, v.velocity_points, v.worst_points, v.best_points, v.sprint_days, v.kept_pct, v.trend_pct,
       case when v.trend_pct is null then 'unknown' when abs(v.trend_pct) <= 5 then 'stable' when v.trend_pct > 0 then 'rising'
            else 'falling' end as trend,
       v.last_completed_points, v.last_committed_points, r.left_points, r.left_items, r.left_unsized_items,
       (utc_now() + to_days(ceil(r.left_points / nullif(v.velocity_points, 0) * v.sprint_days)::integer))::date as forecast_on,
       (utc_now() + to_days(ceil(r.left_points / nullif(v.best_points, 0) * v.sprint_days)::integer))::date as forecast_first_on,
       (utc_now() + to_days(ceil(r.left_points / nullif(v.worst_points, 0) * v.sprint_days)::integer))::date as forecast_last_on
from summed v
left join remaining r on r.project_id = v.project_id
