-- One row per application and component that belongs to it, by a confirmed link.
-- grain: app_id, component_id
-- stored: yes
with things as (
  select component_id, coalesce(same_as, component_id) as stands_for, service, coalesce(env_tier, 'unknown') as env_tier
  from components
)
select distinct l.app_id, t.stands_for as component_id
from app_links_now l
join things t on t.component_id = l.native_id
where l.kind in ('component', 'messaging_channel', 'third_party')
  and (l.env_pattern is null or try(regexp_full_match(t.env_tier, l.env_pattern)))
union
select distinct l.app_id, t.stands_for as component_id
from app_links_now l
join things t on t.service = l.native_id
where l.kind = 'service' and (l.env_pattern is null or try(regexp_full_match(t.env_tier, l.env_pattern)))
