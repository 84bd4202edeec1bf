-- Stored dear: standard storage whose requests cost less than 1 % of it (hardly read), or, where the bill tells of no
-- requests, large storage (100 a month or more) that grew by 5 % within the last 28 days, of which half is taken to be
-- old. A tier for what is seldom read costs about 45 % less (Amazon S3: 0.0125 against 0.023 a GB and month).
-- grain: subject_id, currency
-- check: saving_amount < base_cost
with costs as materialized (
  from resource_costs where service_category = 'Storage'
)
, lines as (
  select ProviderName as provider, ResourceId as resource_id, BillingCurrency as currency, ChargePeriodStart::date as day,
         EffectiveCost as cost, lower(concat_ws(' ', ConsumedUnit, PricingUnit, SkuMeter, ChargeDescription)) as words
  from focus_cost
  where ServiceCategory = 'Storage' and ResourceId is not null and ChargeCategory = 'Usage'
    and ChargePeriodStart >= utc_now() - interval 45 day and ChargePeriodStart <= utc_now()
    and ChargePeriodEnd <= ChargePeriodStart + interval 1 day
)
, days as (
  select provider, resource_id, currency, day,
         money_sum(case when regexp_matches(words, 'request|operation|transaction|retriev|access') then 0 else cost end) as stored_cost,
         money_sum(case when regexp_matches(words, 'request|operation|transaction|retriev|access') then cost else 0 end) as request_cost,
         bool_or(regexp_matches(words, 'request|operation|transaction|retriev|access')) as tells_requests,
         bool_or(regexp_matches(words, 'archive|glacier|\bcool|cold|nearline|infrequent|-ia\b|snapshot|backup')) as is_cool
  from lines group by provider, resource_id, currency, day
)
, cases as (
  select r.*, w.stored_cost, w.request_cost, w.tells_requests, w.late_cost / nullif(w.early_cost, 0) - 1 as growth_ratio
  from costs r join (
    select d.provider, d.resource_id, d.currency, money_sum(d.stored_cost) as stored_cost, money_sum(d.request_cost) as request_cost,
           bool_or(d.tells_requests) as tells_requests, bool_or(d.is_cool) as is_cool,
           avg(d.stored_cost::double) filter (where d.day > r.window_until_on - 7) as late_cost,
           avg(d.stored_cost::double) filter (where d.day <= r.window_until_on - 21 and d.day > r.window_until_on - 28) as early_cost
    from days d join costs r on r.provider = d.provider and r.resource_id = d.resource_id and r.currency = d.currency
    where d.day > r.window_until_on - 30
    group by d.provider, d.resource_id, d.currency
  ) w on w.provider = r.provider and w.resource_id = r.resource_id and w.currency = r.currency
  where not w.is_cool and w.stored_cost > 0 and r.month_cost >= 10
)
, judged as (
  select *, case when tells_requests and request_cost::double < 0.01 * stored_cost::double then 'hardly read'
                 when not tells_requests and month_cost >= 100 and growth_ratio >= 0.05 then 'growing' end as kind_of
  from cases
)
select 'resource:' || resource_id as subject_id, within, resource_id, component_id, app_id, provider, currency,
       month_cost as base_cost, product_of(month_cost, case kind_of when 'growing' then 0.225 else 0.45 end) as saving_amount,
       case kind_of when 'growing' then 0.3 else 0.6 end as confidence_ratio, 'low' as risk, 'medium' as effort,
       false as is_guarded,
       case kind_of when 'growing' then printf('%s is large and grew by %.0f %% in 28 days', name, 100 * growth_ratio)
                    else name || ' is stored as if it were read often, and hardly is' end as message,
       'Move what is seldom read to a cooler tier by a rule of its life cycle.' as suggestion,
       json_object('month_cost', round(month_cost, 2)::varchar, 'stored_cost', round(stored_cost, 2)::varchar,
                   'request_cost', case when tells_requests then round(request_cost, 2)::varchar end,
                   'growth_pct', round(100 * growth_ratio, 1), 'cooler_tier_saves_pct', 45, 'window_days', window_day_count,
                   'window_until', window_until_on::varchar)::varchar as evidence
from judged where kind_of is not null
