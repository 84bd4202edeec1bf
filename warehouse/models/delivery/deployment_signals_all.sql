-- One row per application, deployment to production, kind and subject: a sign that it failed, with the rule that found it, how
-- sure that is, what a person said, and whether it counts: a person's word first, else from a confidence of one half on.
-- An incident without a stated cause is put down to the last finished deployment of its application within 24 hours
-- before. A hotfix speaks against the deployment before it, and alone does not count. A commit that takes another back is
-- known by git's own subject line.
-- grain: app_id, deployment_id, kind, subject_id
-- check: confidence_ratio between 0 and 1
-- stored: yes
with told as (
  select r.app_id, r.deployment_id, 'failed' as kind, '' as subject_id, 'told by the source' as rule, 1.0 as confidence_ratio,
         r.over_at as seen_at
  from production_runs r where r.status = 'failed'
)
, undone as (
  select r.app_id, r.deployment_id, 'rollback' as kind, '' as subject_id,
         case when d.status = 'rolled_back' then 'told by the source' else 'an older commit was deployed again' end as rule,
         case when d.status = 'rolled_back' then 1.0 else 0.9 end as confidence_ratio, r.over_at as seen_at
  from production_runs r join deployments d on d.deployment_id = r.deployment_id
  where r.status = 'rolled_back'
)
, blamed as (
  select i.app_id, r.deployment_id, 'incident' as kind, i.incident_id as subject_id, 'stated as the cause' as rule,
         1.0 as confidence_ratio, i.started_at as seen_at
  from production_incidents i
  join production_runs r on r.app_id = i.app_id and r.deployment_id = i.caused_by_deployment_id
)
, followed as (
  select i.app_id, r.deployment_id, 'incident' as kind, i.incident_id as subject_id,
         'began within 24 hours after it' as rule, 0.5 as confidence_ratio, i.started_at as seen_at
  from production_incidents i
  asof join (from production_runs where status <> 'failed') r on i.app_id = r.app_id and i.started_at >= r.over_at
  where i.caused_by_deployment_id is null and i.started_at < r.over_at + dora_incident_window()
)
, mended as (
  select h.app_id, p.deployment_id, 'hotfix' as kind, h.deployment_id as subject_id, 'a hotfix followed' as rule,
         0.4 as confidence_ratio, h.began_at as seen_at
  from (from production_runs where is_hotfix) h
  asof join production_runs p on p.app_id = h.app_id and h.began_at > p.began_at
)
, subjects as (
  select repo_id, sha, committed_at, regexp_replace(subject, ' \(#\d+\)$', '') as subject,
         regexp_extract(subject, '^Revert "(.*)"', 1) as reverted
  from commits where subject is not null and subject <> ''
)
, shipped as (
  select r.app_id, r.deployment_id, r.began_at, c.repo_id, c.sha
  from deployment_commits c join production_runs r on r.deployment_id = c.deployment_id
)
, reverted as (
  select a.app_id, a.deployment_id, 'revert' as kind, b.deployment_id as subject_id,
         'a later commit takes one of its commits back' as rule, 0.7 as confidence_ratio, min(b.began_at) as seen_at
  from subjects s
  join subjects o on o.repo_id = s.repo_id and o.committed_at <= s.committed_at and o.sha <> s.sha
    and regexp_replace(s.reverted, ' \(#\d+\)$', '') = o.subject
  join shipped b on b.repo_id = s.repo_id and b.sha = s.sha
  join shipped a on a.repo_id = o.repo_id and a.sha = o.sha and a.app_id = b.app_id
  where s.reverted <> '' and a.deployment_id <> b.deployment_id and a.began_at < b.began_at
  group by all
)
, inferred as (
  from told union all from undone union all from blamed union all from followed union all from mended union all from reverted
)
, everything as (
  select app_id, deployment_id, kind, subject_id, rule, confidence_ratio, seen_at from inferred
  union all by name
  -- what a person states and no rule found
  select r.app_id, n.deployment_id, n.kind, n.subject_id, n.rule, n.confidence_ratio, n.changed_at as seen_at
  from deployment_signals_now n join production_runs r on r.deployment_id = n.deployment_id
  anti join inferred i on i.deployment_id = n.deployment_id and i.kind = n.kind and i.subject_id = n.subject_id
)
select e.app_id, e.deployment_id, e.kind, e.subject_id, e.rule, e.confidence_ratio, e.seen_at, n.verdict, n.reason,
       n.changed_by, n.changed_at, coalesce(n.verdict = 'counts', e.confidence_ratio >= 0.5) as counts
from everything e
left join deployment_signals_now n
  on n.deployment_id = e.deployment_id and n.kind = e.kind and n.subject_id = e.subject_id
