-- Grown: logs and traffic that cost in the last 7 days of the bill at least a quarter more than in the 4 weeks before, and
-- at least 10 a month more. The saving is the way back to what it was.
-- grain: subject_id, currency
-- check: saving_amount >= 10
with costs as materialized (
  from resource_costs
)
, cases as (
  select r.*, w.late_sum::double / w.late_day_count as late_cost, w.early_sum::double / w.early_day_count as early_cost,
         product_of(w.late_sum, 30.4 / w.late_day_count) as late_month_cost,
         product_of(w.early_sum, 30.4 / w.early_day_count) as early_month_cost, r.month_cost::double / t.month_cost as share_ratio
  from costs r
  join (
    select r.provider, r.resource_id, r.currency, count(*) filter (where d.day > r.window_until_on - 7) as late_day_count,
           count(*) filter (where d.day <= r.window_until_on - 7) as early_day_count,
           money_sum(case when d.day > r.window_until_on - 7 then d.effective_cost else 0 end) as late_sum,
           money_sum(case when d.day <= r.window_until_on - 7 then d.effective_cost else 0 end) as early_sum
    from costs r
    join resource_days d on d.provider = r.provider and d.resource_id = r.resource_id and d.currency = r.currency
                        and d.day > r.window_until_on - 35 and d.day <= r.window_until_on
    group by r.provider, r.resource_id, r.currency
  ) w on w.provider = r.provider and w.resource_id = r.resource_id and w.currency = r.currency
  join (select provider, currency, sum(month_cost::double) as month_cost from costs group by 1, 2) t
    on t.provider = r.provider and t.currency = r.currency
  where regexp_matches(lower(r.service) || ' ' || r.sku_words, '\blogs?\b|logging|cloudwatch|data ?transfer|egress|bandwidth|nat ?gateway')
    and w.early_day_count >= 14 and w.late_day_count > 0 and w.early_sum > 0
)
select 'resource:' || resource_id as subject_id, within, resource_id, component_id, app_id, provider, currency,
       late_month_cost as base_cost,
       try_cast(round(late_month_cost - early_month_cost, 2) as decimal(38, 18)) as saving_amount, 0.5 as confidence_ratio,
       'low' as risk, 'small' as effort, false as is_guarded,
       printf('%s costs %.1f times what it cost in the 4 weeks before', name, late_cost / early_cost) as message,
       case when regexp_matches(lower(service) || ' ' || sku_words, '\blogs?\b|logging|cloudwatch')
            then 'Look for a log level that was left on; keep logs for a shorter time.'
            else 'Look what is sent where: keep traffic within a zone, compress it, or cache it.' end as suggestion,
       json_object('cost_a_day', round(late_cost, 2), 'cost_a_day_before', round(early_cost, 2),
                   'growth_pct', round(100 * (late_cost / early_cost - 1), 1), 'share_of_provider_pct', round(100 * share_ratio, 1),
                   'window_days', 7, 'compared_days', 28, 'window_until', window_until_on::varchar)::varchar as evidence
from cases where late_cost >= 1.25 * early_cost and late_month_cost - early_month_cost >= 10
