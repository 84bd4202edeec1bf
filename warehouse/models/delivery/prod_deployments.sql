-- One row per application and deployment to production that is over, with the incidents put down to it, and whether it failed.
-- It failed if any sign against it counts, once however many there are. recovered_at: when the last of its incidents was
-- resolved, null while one is not; without incidents, when the next deployment without any succeeded.
-- grain: app_id, deployment_id
-- stored: yes
with signs as (
  select s.app_id, s.deployment_id, bool_or(s.counts) as is_change_failed,
         count(*) filter (where s.counts and s.kind = 'incident') as incident_count,
         min(i.started_at) filter (where s.counts) as incident_started_at,
         case when count(*) filter (where s.counts and s.kind = 'incident')
                   = count(i.resolved_at) filter (where s.counts) then max(i.resolved_at) filter (where s.counts) end
           as incident_resolved_at
  from deployment_signals_all s
  left join production_incidents i on s.kind = 'incident' and i.app_id = s.app_id and i.incident_id = s.subject_id
  group by s.app_id, s.deployment_id
)
, known as (
  select r.*, coalesce(s.is_change_failed, false) as is_change_failed, coalesce(s.incident_count, 0)::bigint as incident_count,
         s.incident_started_at, s.incident_resolved_at
  from production_runs r left join signs s on s.app_id = r.app_id and s.deployment_id = r.deployment_id
)
, mended as (
  select f.app_id, f.deployment_id, min(g.over_at) as next_good_at
  from (from known where is_change_failed and not is_rollback) f
  asof join (from known where status = 'success' and incident_count = 0) g on g.app_id = f.app_id and f.began_at < g.began_at
  group by all
)
select k.app_id, k.deployment_id, k.repo_id, k.component_id, k.environment, k.version, k.sha, k.status, k.is_rollback,
       k.is_hotfix, k.is_inferred, k.began_at, k.over_at, k.is_change_failed, k.incident_count, k.incident_started_at,
       case when k.is_change_failed then coalesce(k.incident_started_at, k.over_at) end as failed_at,
       case when not k.is_change_failed then null when k.incident_count > 0 then k.incident_resolved_at else m.next_good_at end
         as recovered_at,
       k.actor, k.url, k.source, k.source_instance
from known k left join mended m on m.app_id = k.app_id and m.deployment_id = k.deployment_id
