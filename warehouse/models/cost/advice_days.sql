-- One row per thing that advice speaks of (a resource, a service of an account, a commitment, a cluster), currency and day:
-- its effective cost; of a commitment what is unused, of a cluster the estimate at list price.
-- grain: subject_id, provider, currency, day
select 'resource:' || resource_id as subject_id, provider, currency, day, effective_cost from resource_days
where day <= utc_now()::date
union all
select 'service:' || provider || '/' || coalesce(account_id, '') || '/' || service as subject_id, provider, currency, day,
       case when bool_and(effective_cost is not null) then money_sum(effective_cost) end as effective_cost
from cost_lines where is_daily and day <= utc_now()::date
group by 1, 2, 3, 4
union all
select 'commitment:' || commitment_id as subject_id, provider, currency, day, unused_cost as effective_cost from commitment_days
union all
select 'cluster:' || cluster as subject_id, 'kubernetes' as provider, currency, day, money_sum(total_cost) as effective_cost
from cost_allocations where day <= utc_now()::date group by 1, 2, 3, 4
