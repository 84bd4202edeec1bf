-- One row per commitment (reservation, savings plan), currency and day: effective cost of what was used of it, and of what
-- was paid for nothing. Lines of usage alone: the purchase itself has no effective cost.
-- grain: commitment_id, provider, currency, day
select CommitmentDiscountId as commitment_id, ProviderName as provider, BillingCurrency as currency,
       ChargePeriodStart::date as day, min(CommitmentDiscountName) as commitment_name,
       money_sum(case when CommitmentDiscountStatus = 'Unused' then 0 else EffectiveCost end) as used_cost,
       money_sum(case when CommitmentDiscountStatus = 'Unused' then EffectiveCost else 0 end) as unused_cost
from focus_cost
where CommitmentDiscountId is not null and ChargeCategory = 'Usage' and ChargePeriodStart <= utc_now()
group by 1, 2, 3, 4
