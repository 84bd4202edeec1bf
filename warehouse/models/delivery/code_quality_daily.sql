-- One row per application and day (UTC) on which somebody measured its code: coverage, duplication, debt, maintainability.
-- The last word of the day counts, of a quality source before coverage reports. A day of debt is eight hours. Maintainability
-- is 100 less the debt ratio; no tool calls it so.
-- grain: app_id, day
-- check: coverage_pct is null or coverage_pct between 0 and 100
-- check: maintainability_score is null or maintainability_score between 0 and 100
with reported as (
  select coalesce(c.app_id, l.app_id) as app_id, c.reported_at::date as day,
         arg_max(100.0 * c.lines_covered / nullif(c.lines_valid, 0), c.reported_at) as coverage_pct
  from coverage_reports c
  left join app_links_now l on c.app_id is null and l.kind = 'repository' and l.native_id = c.repo_id
  where c.path = '' and coalesce(c.app_id, l.app_id) is not null
  group by all
)
, measured as (
  select l.app_id, q.measured_at::date as day,
         arg_max(q.value, q.measured_at) filter (where q.metric = 'coverage_pct') as coverage_pct,
         arg_max(q.value, q.measured_at) filter (where q.metric = 'duplicated_pct') as duplicated_pct,
         arg_max(q.value, q.measured_at) filter (where q.metric = 'technical_debt_min') as debt_min,
         arg_max(q.value, q.measured_at) filter (where q.metric = 'debt_ratio_pct') as debt_ratio_pct
  from quality_measures q join app_links_now l on l.kind = 'project' and l.native_id = q.project_id
  where not q.is_new_code and q.branch in ('main', 'master', 'trunk')
  group by all
)
select coalesce(m.app_id, r.app_id) as app_id, coalesce(m.day, r.day) as day,
       coalesce(m.coverage_pct, r.coverage_pct) as coverage_pct, m.duplicated_pct, m.debt_min / 480 as debt_days,
       m.debt_ratio_pct, 100 - least(100, m.debt_ratio_pct) as maintainability_score
from measured m full join reported r on r.app_id = m.app_id and r.day = m.day
