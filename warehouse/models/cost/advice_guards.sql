-- One row per component, application or cluster, and reason, for which nothing is made smaller now: its objective burns the error
-- budget, it is degraded or down, its P99 of CPU or memory was above 80 % within a day, or nobody measured it within a day.
-- An application is held back by its own objectives alone; what it rests on by its own state, and by those objectives;
-- a cluster by what holds back anything that runs on it, but for want of samples.
-- grain: subject_type, subject_id, reason
with burning as (
  select app_id, component_id,
         'objective ' || case state when 'exhausted' then 'has spent' else 'burns' end || ' its error budget: ' || name as reason
  from slo_budgets where state in ('burning_fast', 'burning', 'exhausted')
)
, held as (
  select component_id, reason from burning where component_id is not null
  union
  select a.component_id, b.reason
  from burning b join app_components a on a.app_id = b.app_id where b.component_id is null
  union
  select component_id, 'it is ' || status || ' now' from component_status where status in ('degraded', 'down')
)
select 'component' as subject_type, component_id as subject_id, reason from held
union
select 'cluster', c.cluster, h.reason || case when starts_with(h.reason, 'it is') then ': ' || c.name else '' end
from held h join components c on c.component_id = h.component_id where c.cluster is not null
union
select 'app', app_id, reason from burning where app_id is not null
union
select 'component', l.component_id, case when p.cpu_p99_pct is null and p.memory_p99_pct is null then 'nothing was measured within a day'
                                       else 'P99 of CPU or memory was above 80 % within a day' end
from component_loads l left join component_peaks p on p.component_id = l.component_id
where coalesce(greatest(p.cpu_p99_pct, p.memory_p99_pct), 100) > 80 and l.cpu_day_count + l.memory_day_count > 0
