-- One row per application, month and currency: effective (showback) and billed (cash) cost of the charge lines linked
-- to it. A line of several applications is split by their shares, evenly where none is stated. What belongs to nobody
-- stands in the row `untagged`, so that the sum over applications is the sum of the lines.
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
, shared as (
  select x_RowId, app_id,
         case when count(*) over w = 1 then share_ratio else coalesce(share_ratio, 1.0 / count(*) over w) end as share
  from owned window w as (partition by x_RowId)
)
, parts as (
  select f.x_RowId, s.app_id, share_of(f.EffectiveCost, s.share) as effective_cost, share_of(f.BilledCost, s.share) as billed_cost
  from focus_cost f join shared s on s.x_RowId = f.x_RowId
)
, given as (
  select x_RowId, sum(effective_cost) as effective_cost, sum(billed_cost) as billed_cost from parts group by x_RowId
)
, every_part as (
  select x_RowId, app_id, effective_cost, billed_cost from parts
  union all
  select f.x_RowId, 'untagged' as app_id, f.EffectiveCost - coalesce(g.effective_cost, 0) as effective_cost,
         f.BilledCost - coalesce(g.billed_cost, 0) as billed_cost
  from focus_cost f left join given g on g.x_RowId = f.x_RowId
  where g.x_RowId is null or f.EffectiveCost <> g.effective_cost or f.BilledCost <> g.billed_cost
)
select p.app_id, date_trunc('month', f.ChargePeriodStart)::date as month_on, f.BillingCurrency as currency,
       sum(p.effective_cost) as effective_cost, sum(p.billed_cost) as billed_cost, count(*) as line_count,
       max(f.ChargePeriodStart)::date as last_charged_on
from every_part p
join focus_cost f on f.x_RowId = p.x_RowId
group by all
