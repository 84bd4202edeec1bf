-- One row per sprint and day (UTC) from its start to its end or today: points and items that were in it at the end of the day,
-- and what of them was done. An item is in a sprint by the last change of its sprint up to then, else as it was before its
-- first change, else as it says now; the same holds for its points and state. A sprint whose items nobody tells has no row.
-- grain: sprint_id, day
-- check: done_points <= scope_points
with days as (
  select sprint_id, starts_at, unnest(generate_series(starts_at::date, least(coalesce(completed_at, ends_at, utc_now()), utc_now())::date,
                           interval 1 day))::date as day
  from sprints where starts_at is not null and state in ('active', 'closed') and starts_at <= utc_now()
)
, changes as (
  select work_item_id, field, changed_at, from_value, to_value from work_item_changes where field in ('sprint', 'points', 'state')
)
, moved as (
  select work_item_id, trim(unnest(string_split(coalesce(from_value, '') || ',' || coalesce(to_value, ''), ','))) as sprint_id
  from changes where field = 'sprint'
)
, touching as (
  select distinct w.work_item_id, unnest(w.sprint_ids) as sprint_id from work_items w
  union
  select work_item_id, sprint_id from moved where sprint_id <> ''
)
, first_changes as (
  select work_item_id, field, arg_min(from_value, changed_at) as before from changes group by all
)
, asked as (
  select d.sprint_id, d.day, least(d.day + interval 1 day, utc_now()) as at, t.work_item_id
  from days d join touching t on t.sprint_id = d.sprint_id
)
, pivoted as (
  select a.sprint_id, a.day, a.work_item_id, any_value(a.at) as at,
         arg_max(c.to_value, c.changed_at) filter (where c.field = 'sprint') as sprint_value,
         bool_or(c.field = 'sprint') as has_sprint,
         arg_max(c.to_value, c.changed_at) filter (where c.field = 'points') as points_value,
         bool_or(c.field = 'points') as has_points,
         arg_max(c.to_value, c.changed_at) filter (where c.field = 'state') as state_value,
         bool_or(c.field = 'state') as has_state
  from asked a left join changes c on c.work_item_id = a.work_item_id and c.changed_at < a.at
  group by a.sprint_id, a.day, a.work_item_id
)
, stood as (
  select p.sprint_id, p.day, p.work_item_id,
         w.created_at < p.at
           and list_contains(list_transform(
                 case when p.has_sprint then string_split(coalesce(p.sprint_value, ''), ',')
                      when s.work_item_id is not null then string_split(coalesce(s.before, ''), ',')
                      else w.sprint_ids end, lambda one: trim(one)), p.sprint_id) as is_inside,
         case when p.has_points then try_cast(p.points_value as double)
              when n.work_item_id is not null then try_cast(n.before as double) else w.points end as points,
         case when p.has_state then p.state_value = 'done' when t.work_item_id is not null then t.before = 'done'
              else coalesce(w.resolved_at < p.at, w.state = 'done' and w.resolved_at is null and w.updated_at < p.at) end as is_done
  from pivoted p
  join work_items w on w.work_item_id = p.work_item_id
  left join first_changes s on s.work_item_id = p.work_item_id and s.field = 'sprint'
  left join first_changes n on n.work_item_id = p.work_item_id and n.field = 'points'
  left join first_changes t on t.work_item_id = p.work_item_id and t.field = 'state'
)
select sprint_id, day, count(*) as item_count, count(*) filter (where is_done) as done_item_count,
       coalesce(sum(points), 0) as scope_points, coalesce(sum(points) filter (where is_done), 0) as done_points,
       coalesce(sum(points) filter (where not coalesce(is_done, false)), 0) as left_points
from stood where is_inside group by sprint_id, day
