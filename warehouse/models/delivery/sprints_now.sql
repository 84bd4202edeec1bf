-- One row per sprint with its project, points, progress, and whether it keeps up with its days.
-- progress_pct: completed of all points, of items where nobody gives points. It is behind when that is ten points of percent
-- less than the part of its days that has gone.
-- grain: sprint_id
-- check: elapsed_pct is null or elapsed_pct between 0 and 100
with measured as (
  select s.*, p.name as project,
         case when s.total_points > 0 then 100 * s.completed_points / s.total_points
              when s.committed_items > 0 then 100.0 * s.completed_items / s.committed_items end as progress_pct,
         case when s.state = 'active' and s.ends_at > s.starts_at
              then 100 * least(1, greatest(0, epoch(utc_now() - s.starts_at) / epoch(s.ends_at - s.starts_at))) end as elapsed_pct
  from sprints s left join projects p on p.project_id = s.project_id
)
select sprint_id, project_id, project, board_name, name, number, goal, state, starts_at, ends_at, completed_at,
       committed_points, added_points, removed_points, total_points, completed_points, committed_items, completed_items,
       points_method, progress_pct, elapsed_pct,
       case when state <> 'active' then state when progress_pct is null or elapsed_pct is null then 'unknown'
            when progress_pct < elapsed_pct - 10 then 'behind' else 'on_track' end as pace,
       source_instance
from measured
