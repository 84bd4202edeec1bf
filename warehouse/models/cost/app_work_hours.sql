-- One row per application and month: hours of development work and what they cost, the sum of work_hours_counted, which
-- says whose they are; how many of them each method tells. Hours without a rate are in unpriced_hours and in no cost;
-- where rates have several currencies, there is no one cost: null.
-- grain: app_id, month_on
-- check: hours >= unpriced_hours
-- stored: yes
select app_id, date_trunc('month', day)::date as month_on, sum(hours) as hours,
       coalesce(sum(hours) filter (where rate_amount is null or currency is null), 0) as unpriced_hours,
       coalesce(sum(hours) filter (where method = 'timesheet'), 0) as timesheet_hours,
       coalesce(sum(hours) filter (where method = 'work_items'), 0) as work_item_hours,
       coalesce(sum(hours) filter (where method = 'configured'), 0) as stated_hours,
       case when count(distinct currency) filter (where rate_amount is not null) = 1
            then money_sum(product_of(rate_amount, hours)) end as labour_cost,
       case when count(distinct currency) filter (where rate_amount is not null) = 1
            then min(currency) filter (where rate_amount is not null) end as currency
from work_hours_counted
group by app_id, date_trunc('month', day)::date
