-- One row per application, month and currency: effective (showback) and billed (cash) cost of the charge lines linked
-- to it; a shared line counts by its share. Lines without an application stand in the row `untagged`.
-- grain: app_id, month_on, currency
with tags as (
  -- a key is asked for as a JSON pointer, since it may hold dots and quotes
  select t.Tags, unnest(list_transform(json_keys(t.Tags), lambda k: 'tag:' || k || '=' ||
           json_extract_string(t.Tags, '/' || replace(replace(k, '~', '~0'), '/', '~1')))) as mark
  from (select distinct Tags from focus_cost where Tags is not null and json_valid(Tags)) t
)
, marks as (
  select f.x_RowId, m.mark
  from focus_cost f,
       lateral (select unnest(['account:' || f.SubAccountId, 'service:' || f.ServiceName, 'resource:' || f.ResourceId]) as mark) m
  where m.mark is not null
  union
  select f.x_RowId, t.mark from focus_cost f join tags t on t.Tags = f.Tags
)
, owned as (
  select k.x_RowId, l.app_id, max(l.share_ratio) as share_ratio
  from marks k join app_links_now l on l.kind = 'cost' and l.state = 'confirmed' and l.native_id = k.mark
  group by k.x_RowId, l.app_id
)
select coalesce(o.app_id, 'untagged') as app_id, date_trunc('month', f.ChargePeriodStart)::date as month_on,
       f.BillingCurrency as currency, sum(share_of(f.EffectiveCost, o.share_ratio)) as effective_cost,
       sum(share_of(f.BilledCost, o.share_ratio)) as billed_cost, count(*) as line_count,
       max(f.ChargePeriodStart)::date as last_charged_on
from focus_cost f
left join owned o on o.x_RowId = f.x_RowId
group by all
