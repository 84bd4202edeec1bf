-- Paid and not used: a commitment of which less than 90 % was used in the last 30 days of its bill. Utilisation is used /
-- (used + unused), by effective cost (FOCUS). What is unused could be used by moving work to what it covers, or sold.
-- grain: subject_id, currency
-- check: saving_amount > 0
with billed as (
  select provider, max(day) as until_on from commitment_days group by provider having max(day) > utc_now()::date - 10
)
, summed as (
  select d.commitment_id, d.provider, d.currency, b.until_on, min(d.commitment_name) as name,
         money_sum(d.used_cost) as used_cost, money_sum(d.unused_cost) as unused_cost, b.until_on - min(d.day) + 1 as day_count
  from commitment_days d join billed b on b.provider = d.provider where d.day > b.until_on - 30
  group by d.commitment_id, d.provider, d.currency, b.until_on
)
, cases as (
  select *, used_cost::double / (used_cost::double + unused_cost::double) as utilisation_ratio,
         try_cast(round(product_of(unused_cost, 30.4 / day_count), 2) as decimal(38, 18)) as unused_month_cost,
         try_cast(round(product_of(used_cost, 30.4 / day_count), 2) as decimal(38, 18)) as used_month_cost
  from summed where day_count >= 7 and unused_cost > 0 and used_cost >= 0
)
select 'commitment:' || commitment_id as subject_id, []::varchar[] as within, null::varchar as resource_id,
       null::varchar as component_id, null::varchar as app_id, provider, currency,
       try_cast(unused_month_cost + used_month_cost as decimal(38, 18)) as base_cost, unused_month_cost as saving_amount,
       0.6 as confidence_ratio, 'low' as risk, 'medium' as effort, false as is_guarded,
       printf('%s is used for %.0f %% only', coalesce(name, commitment_id), 100 * utilisation_ratio) as message,
       'Move work to what it covers, exchange or sell the rest, and do not renew it as it is.' as suggestion,
       json_object('utilisation_pct', round(100 * utilisation_ratio, 1), 'used_cost', round(used_cost, 2)::varchar,
                   'unused_cost', round(unused_cost, 2)::varchar, 'window_days', day_count,
                   'window_until', until_on::varchar)::varchar as evidence
from cases where utilisation_ratio < 0.9
