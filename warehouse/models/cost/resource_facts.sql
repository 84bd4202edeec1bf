-- One row per resource of the bill of the last 40 days: what it is, in the words of the bill, the component that it is,
-- and the application that it belongs to. A component is found by its id in the cloud, or by the native part of its id;
-- of an ARN or a path the last part counts as well. An application by a link of costs (the resource's before a tag's,
-- a service's and an account's; the largest share), else by its component, if that belongs to one application alone.
-- grain: resource_id
with told as (
  select resource_id, arg_max(account_id, day) as account_id, arg_max(service, day) as service, arg_max(tags, day) as tags
  from cost_lines where resource_id is not null and day >= utc_now()::date - 40 group by resource_id
)
, described as (
  select ResourceId as resource_id, arg_max(ResourceName, ChargePeriodStart) as resource_name,
         arg_max(ServiceCategory, ChargePeriodStart) as service_category,
         lower(string_agg(distinct concat_ws(' ', SkuMeter, ResourceType, SkuPriceDetails, x_Other, ChargeDescription), ' '))
           as sku_words,
         bool_or(CommitmentDiscountStatus = 'Unused' or ChargeCategory = 'Purchase') as is_commitment
  from focus_cost where ResourceId is not null and ChargePeriodStart >= utc_now() - interval 40 day group by ResourceId
)
, named as (
  select coalesce(same_as, component_id) as component_id,
         unnest([cloud_resource_id, substr(component_id, length(source_instance) + 2)]) as name
  from components where coalesce(lifecycle, 'running') <> 'terminated'
)
, spelled as (
  select resource_id, unnest([resource_id, case when regexp_matches(resource_id, '^(arn:|/|//)')
                                                then regexp_extract(resource_id, '[^/:]+$') end]) as name
  from told
)
, matched as (
  select s.resource_id, min(n.component_id) as component_id
  from spelled s join named n on lower(n.name) = lower(s.name) where n.name <> ''
  group by s.resource_id
)
, marks as (
  select resource_id, unnest(list_filter(['resource:' || resource_id] || tag_marks(tags)
           || ['service:' || service, 'account:' || account_id], lambda m: m is not null)) as mark
  from told
)
, owned as (
  select m.resource_id, arg_min(l.app_id, (case split_part(m.mark, ':', 1) when 'resource' then 0 when 'tag' then 1
                                             when 'service' then 2 else 3 end, -coalesce(l.share_ratio, 0), l.app_id)) as app_id
  from marks m join app_links_now l on l.kind = 'cost' and l.native_id = m.mark
  group by m.resource_id
)
, alone as (
  select component_id, min(app_id) as app_id from app_components group by component_id having count(*) = 1
)
select t.resource_id, t.account_id, t.service, t.tags, d.resource_name, d.service_category, coalesce(d.sku_words, '') as sku_words,
       coalesce(d.is_commitment, false) as is_commitment, m.component_id, c.name as component_name, c.type as component_type,
       c.kind, c.cluster, c.cpu_count, coalesce(o.app_id, a.app_id) as app_id,
       coalesce(list_bool_or(list_transform(tag_marks(t.tags), lambda k: case when regexp_matches(lower(k),
                  '^tag:([^=]*[:/])?(env|environment|stage)=') then regexp_matches(lower(k),
                  '=(dev|develop|development|test|testing|qa|uat|sandbox|stag|stage|staging|non-?prod.*)$') end)),
                c.env_tier in ('staging', 'testing', 'development'), false) as is_non_production
from told t
left join described d on d.resource_id = t.resource_id
left join matched m on m.resource_id = t.resource_id
left join components c on c.component_id = m.component_id
left join owned o on o.resource_id = t.resource_id
left join alone a on a.component_id = m.component_id
