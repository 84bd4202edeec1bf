-- One row per application, month and currency: what it cost, in the currency that is wanted, each day at the rate of that
-- day (fx_daily). Days without a rate stay in their own currency, in a row of their own: is_converted tells which row is
-- the wanted currency's. Wanted null: everything in its own currency. effective_cost is hosting and third parties, labour
-- stands beside it; foreign_cost is what of the three came from other currencies. Null is an amount beyond all money.
-- grain: app_id, month_on, currency
-- check: effective_cost is null or effective_cost = hosting_cost + third_party_cost
-- takes: wanted
with rated as (
  select s.app_id, s.day, s.category, s.effective_cost, s.billed_cost, s.currency as own_currency,
         case when s.currency = wanted then 1::decimal(38, 18) else f.rate_price end as rate_price
  from app_spend_daily s
  left join fx_daily f on f.base = s.currency and f.quote = wanted and f.day = s.day
)
, amounts as (
  select app_id, date_trunc('month', day)::date as month_on, day, category, own_currency,
         case when rate_price is null then own_currency else wanted end as currency,
         case when rate_price is null or own_currency = wanted then effective_cost else converted(effective_cost, rate_price) end
           as effective_cost,
         case when rate_price is null or own_currency = wanted then billed_cost else converted(billed_cost, rate_price) end
           as billed_cost
  from rated
)
, parts as (
  select *, coalesce(currency = wanted, false) as is_converted, category <> 'labour' as is_charge,
         case when category = 'hosting' then effective_cost else 0 end as hosting,
         case when category = 'third_party' then effective_cost else 0 end as third_party,
         case when category = 'labour' then effective_cost else 0 end as labour,
         case when own_currency <> currency then effective_cost else 0 end as foreign_part
  from amounts
)
select app_id, month_on, currency, bool_or(is_converted) as is_converted,
       case when bool_and(not is_charge or effective_cost is not null)
            then money_sum(case when is_charge then effective_cost else 0 end) end as effective_cost,
       case when bool_and(not is_charge or billed_cost is not null)
            then money_sum(case when is_charge then billed_cost else 0 end) end as billed_cost,
       case when bool_and(hosting is not null) then money_sum(hosting) end as hosting_cost,
       case when bool_and(third_party is not null) then money_sum(third_party) end as third_party_cost,
       case when bool_and(labour is not null) then money_sum(labour) end as labour_cost,
       case when bool_and(foreign_part is not null) then money_sum(foreign_part) end as foreign_cost,
       min(day) filter (where is_charge) as first_charged_on, max(day) filter (where is_charge) as last_charged_on
from parts
group by app_id, month_on, currency
