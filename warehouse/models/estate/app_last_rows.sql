-- One row per application: when the last row about it was seen, of each kind, so that what nobody uses can be found.
-- grain: app_id
with seen as (
  select a.app_id, max(c.last_seen_at) as at from app_components a join components c on c.component_id = a.component_id
  group by a.app_id
)
, shipped as (
  select app_id, max(created_at) as at from deployments_by_app group by app_id
)
, spent as (
  select app_id, max(last_charged_on)::timestamp as at from cost_by_app_month group by app_id
)
, used as (
  select app_id, max(day)::timestamp as at from app_usage_daily where active_users is not null group by app_id
)
, committed as (
  select l.app_id, max(coalesce(r.pushed_at, r.head_at)) as at
  from app_links_now l join repositories r on l.kind = 'repository' and r.repo_id = l.native_id group by l.app_id
)
select a.app_id, a.name, a.lifecycle, a.team_id, a.product_owner, a.source_instance, s.at as component_seen_at,
       d.at as deployed_at, c.at as charged_at, u.at as used_at, r.at as committed_at,
       greatest(s.at, d.at, c.at, u.at, r.at) as last_row_at
from applications_now a
left join seen s on s.app_id = a.app_id
left join shipped d on d.app_id = a.app_id
left join spent c on c.app_id = a.app_id
left join used u on u.app_id = a.app_id
left join committed r on r.app_id = a.app_id
