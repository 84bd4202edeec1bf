-- One row per resource and currency that the bill still charges: its cost a month of 30.4 days (365 / 12) by its days
-- within the last 30 of its provider's bill, from its first day on. A resource that cost nothing in three days is gone; a
-- bill that is ten days old tells nothing of now. What has a cost of 0 or below, or beyond all money, has no row.
-- grain: provider, resource_id, currency
-- check: month_cost > 0
-- check: window_day_count between 1 and 30
with billed as (
  select provider, max(day) as until_on from resource_days where day <= utc_now()::date group by provider having max(day) > utc_now()::date - 10
)
, summed as (
  select d.provider, d.resource_id, d.currency, b.until_on, min(d.day) as first_on, max(d.day) as last_on,
         money_sum(case when d.day > b.until_on - 30 then d.effective_cost end) as window_cost,
         bool_and(d.effective_cost is not null) filter (where d.day > b.until_on - 30) as is_told
  from resource_days d join billed b on b.provider = d.provider and d.day <= b.until_on
  group by d.provider, d.resource_id, d.currency, b.until_on
)
, monthly as (
  select *, least(30, until_on - first_on + 1)::integer as window_day_count,
         try_cast(round(product_of(window_cost, 30.4 / least(30, until_on - first_on + 1)), 2) as decimal(38, 18)) as month_cost
  from summed where is_told and last_on >= until_on - 2
)
select m.provider, m.resource_id, m.currency, m.month_cost, m.window_cost, m.window_day_count,
       m.until_on - m.window_day_count + 1 as window_from_on, m.until_on as window_until_on, m.first_on as first_charged_on,
       coalesce(f.component_name, f.resource_name, m.resource_id) as name, f.account_id, f.service, f.service_category,
       f.sku_words, f.is_commitment, f.component_id, f.component_type, f.kind, f.cpu_count, f.app_id, f.is_non_production,
       list_filter(['service:' || m.provider || '/' || coalesce(f.account_id, '') || '/' || f.service,
                    'cluster:' || f.cluster], lambda w: w is not null) as within
from monthly m join resource_facts f on f.resource_id = m.resource_id
where m.month_cost > 0
