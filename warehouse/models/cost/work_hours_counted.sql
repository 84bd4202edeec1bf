-- One row per entry of work hours and application: the hours that count for it, with rate and method. Hours of a project
-- (or of a repository, where items stand in one) belong to its applications by their shares: who states none has an even
-- part of what the others leave; shares of more than the whole are scaled down to it. Of one person, application and day
-- a time sheet counts before work items, and these before stated hours, so that nothing counts twice; hours without a
-- person all count. Hours of no application are left out.
-- grain: work_hours_id, app_id
-- check: method in ('timesheet', 'work_items', 'configured')
-- stored: yes
with owners as (
  select native_id as project_id, app_id, max(share_ratio) filter (where share_ratio between 0 and 1) as stated
  from app_links_now where kind in ('project', 'repository')
  group by native_id, app_id
)
, shared as (
  select project_id, app_id,
         coalesce(stated / greatest(1, sum(stated) over w),
                  greatest(0, 1 - coalesce(sum(stated) over w, 0)) / count(*) filter (where stated is null) over w) as share
  from owners window w as (partition by project_id)
)
, worked as (
  select work_hours_id, app_id, person_id, day, hours, rate_amount, currency, method, source_instance
  from work_hours where app_id is not null
  union all by name
  select w.work_hours_id, s.app_id, w.person_id, w.day, w.hours * s.share as hours, w.rate_amount, w.currency, w.method,
         w.source_instance
  from work_hours w join shared s on s.project_id = w.project_id
  where w.app_id is null
)
, ranked as (
  select *, case method when 'timesheet' then 0 when 'work_items' then 1 else 2 end as place from worked
)
select work_hours_id, app_id, person_id, day, hours, rate_amount, currency, method, source_instance
from ranked
qualify person_id is null or place = min(place) over (partition by person_id, app_id, day)
