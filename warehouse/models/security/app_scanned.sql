-- One row per application of whose security something is known: a complete scan in the last 30 days, a finding that is
-- open, or one seen in that time. Of any other application nothing is known, which is not that nothing is wrong.
-- grain: app_id
select coalesce(s.app_id, l.app_id) as app_id
from scans s
left join app_links_now l
  on s.app_id is null and ((l.kind = 'repository' and l.native_id = s.repo_id)
                           or (l.kind = 'project' and l.native_id = s.project_id))
where s.is_complete and s.status <> 'failed' and s.started_at > utc_now() - interval 30 day and coalesce(s.app_id, l.app_id) is not null
union
select unnest(app_ids) as app_id
from findings_now where is_security and (is_open or last_seen_at > utc_now() - interval 30 day)
