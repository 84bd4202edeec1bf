-- One row per application with a charge in this month: what it cost so far, in one currency: that of its budget, else
-- the only one that it was charged in. With several and no budget among them there is no one amount: amounts and currency
-- are null, currency_count says how many; cost_by_app_month has each.
-- grain: app_id
-- check: currency is not null or month_cost is null
-- check: currency_count >= 1
with charged as (
  select c.app_id, c.month_on, c.currency, c.effective_cost, c.hosting_cost, c.third_party_cost,
         b.currency is not null as is_of_budget
  from cost_by_app_month c
  left join app_budgets_now b on b.app_id = c.app_id and b.currency = c.currency
  where c.month_on = date_trunc('month', utc_now())::date and c.app_id <> 'untagged'
)
, chosen_one as (
  select *, count(*) over (partition by app_id) as currency_count
  from charged
  qualify row_number() over (partition by app_id order by is_of_budget desc, currency) = 1
)
, decided as (
  select *, is_of_budget or currency_count = 1 as is_decided from chosen_one
)
select app_id, month_on, case when is_decided then effective_cost end as month_cost,
       case when is_decided then hosting_cost end as hosting_cost,
       case when is_decided then third_party_cost end as third_party_cost,
       case when is_decided then currency end as currency, currency_count
from decided
