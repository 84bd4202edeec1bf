-- One row per application, day, currency, category, service, source and environment, and how the charge came to it: its own
-- (linked), or its part of what a split shares, as the latest count of the split's weights says. What belongs to nobody
-- stands in the row `untagged`, so that the sum over applications is the sum of charges. Null is an amount beyond all money.
-- grain: app_id, day, currency, category, service, source_instance, is_daily, environment, split_id
-- stored: yes
with parts as (
  select d.* exclude (app_id, effective_cost, billed_cost, list_cost), s.app_id,
         share_of(d.effective_cost, s.share_to_ratio) - share_of(d.effective_cost, s.share_from_ratio) as effective_cost,
         share_of(d.billed_cost, s.share_to_ratio) - share_of(d.billed_cost, s.share_from_ratio) as billed_cost,
         share_of(d.list_cost, s.share_to_ratio) - share_of(d.list_cost, s.share_from_ratio) as list_cost
  from app_cost_direct d
  join cost_split_shares s on s.split_id = d.split_id and s.currency = d.currency
   and s.month_on = date_trunc('month', d.day)::date
)
, given as (
  select split_id, month_on, currency, max(share_to_ratio) as share_to_ratio from cost_split_shares group by all
)
select app_id, day, currency, category, service, source_instance, is_daily, environment, split_id, effective_cost, billed_cost,
       list_cost, line_count
from parts
union all
select d.app_id, d.day, d.currency, d.category, d.service, d.source_instance, d.is_daily, d.environment, d.split_id,
       d.effective_cost - share_of(d.effective_cost, coalesce(g.share_to_ratio, 0)) as effective_cost,
       d.billed_cost - share_of(d.billed_cost, coalesce(g.share_to_ratio, 0)) as billed_cost,
       d.list_cost - share_of(d.list_cost, coalesce(g.share_to_ratio, 0)) as list_cost, d.line_count
from app_cost_direct d
left join given g on g.split_id = d.split_id and g.currency = d.currency and g.month_on = date_trunc('month', d.day)::date
where g.share_to_ratio is null or g.share_to_ratio < 1
