-- One row per application and pull request: how long it took from the first commit to production, in four parts.
-- Coding: first commit to opening. Pickup: to the first review. Review: to the merge. Deploy: to the first deployment to
-- production that contains it. cycle_s is their sum for what is deployed, else null; a part whose ends are not known is null.
-- is_stale: open, and untouched for a week.
-- grain: app_id, pull_request_id
-- check: coding_s is null or coding_s >= 0
-- check: deploy_s is null or deploy_s >= 0
with owned as (
  select distinct p.pull_request_id, l.app_id
  from pull_requests p join app_links_now l on l.kind = 'repository' and l.native_id = p.repo_id
)
, shipped as (
  -- by the pull request where the source tells it, else by the commit of its merge
  select c.app_id, c.pull_request_id, c.deployed_at, c.deployment_id from deployment_changes c where c.pull_request_id is not null
  union all
  select c.app_id, p.pull_request_id, c.deployed_at, c.deployment_id
  from pull_requests p join deployment_changes c on c.change_id = 'sha:' || p.repo_id || ':' || p.merge_sha
)
, first_shipped as (
  select app_id, pull_request_id, min(deployed_at) as deployed_at, arg_min(deployment_id, deployed_at) as deployment_id
  from shipped group by all
)
select o.app_id, p.pull_request_id, p.repo_id, p.number, p.title, p.state, p.is_draft, p.author_id, p.first_commit_at,
       p.created_at, p.first_review_at, p.approved_at, p.merged_at, p.closed_at, p.updated_at, s.deployed_at, s.deployment_id,
       case when p.first_commit_at <= p.created_at then epoch(p.created_at - p.first_commit_at) end as coding_s,
       case when p.first_review_at >= p.created_at then epoch(p.first_review_at - p.created_at) end as pickup_s,
       case when p.merged_at >= coalesce(p.first_review_at, p.created_at)
            then epoch(p.merged_at - coalesce(p.first_review_at, p.created_at)) end as review_s,
       case when s.deployed_at >= p.merged_at then epoch(s.deployed_at - p.merged_at) end as deploy_s,
       case when s.deployed_at >= p.merged_at then epoch(s.deployed_at - least(p.first_commit_at, p.created_at)) end as cycle_s,
       p.added_lines + p.deleted_lines as size_lines, p.file_count, p.commit_count, p.review_count, p.comment_count,
       p.state = 'open' and not coalesce(p.is_draft, false) and p.updated_at < utc_now() - interval 7 day as is_stale,
       p.labels, p.url, p.source_instance
from pull_requests p
left join owned o on o.pull_request_id = p.pull_request_id
left join first_shipped s on s.pull_request_id = p.pull_request_id and s.app_id = o.app_id
