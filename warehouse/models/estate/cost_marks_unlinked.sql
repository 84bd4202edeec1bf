-- One row per service of a bill of which no charge line belongs to an application; what is partly tagged stands in
-- cost_by_app_month as `untagged`.
-- grain: mark
with lines as (
  select 'service:' || ServiceName as mark, SubAccountId, ResourceId, Tags, min(source_instance) as source_instance,
         max(ChargePeriodStart) as last_charged_at
  from focus_cost group by all
)
, marks as (
  select distinct mark, unnest([mark, 'account:' || SubAccountId, 'resource:' || ResourceId] || tag_marks(Tags)) as owned_as
  from lines
)
, owned as (
  select distinct m.mark from marks m left join app_links_now l on l.kind = 'cost' and l.native_id = m.owned_as
  where l.app_id is not null or stated_app(m.owned_as) is not null
)
select mark, min(source_instance) as source_instance, max(last_charged_at) as last_charged_at
from lines
where not exists (select 1 from owned o where o.mark = lines.mark)
group by mark
