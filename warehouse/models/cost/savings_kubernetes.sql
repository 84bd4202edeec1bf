-- Idle clusters: over 30 % of what a Kubernetes cluster cost on at least 14 of the last 15 days was used by nobody. A fifth
-- stays as headroom, what is beyond can go. Costs are estimates at list price that split the bill, never added to it.
-- grain: subject_id, currency
-- check: saving_amount < base_cost
with days as (
  select cluster, currency, day, money_sum(total_cost) as total_cost,
         money_sum(case when contains(component_id, '__idle__') then total_cost else coalesce(idle_cost, 0) end) as idle_cost
  from cost_allocations where day >= utc_now()::date - 15 and day < utc_now()::date group by cluster, currency, day
)
, cases as (
  select cluster, currency, count(*) as day_count, max(day) as until_on, money_sum(total_cost) as total_cost,
         money_sum(idle_cost) as idle_cost
  from days group by cluster, currency having count(*) >= 14
)
, nodes as (
  -- the services that its nodes are charged under, since a commitment for them speaks of the same cost
  select cluster, list_distinct(flatten(list(list_filter(within, lambda w: starts_with(w, 'service:'))))) as within
  from (select unnest(within) as cluster, within from resource_costs) where starts_with(cluster, 'cluster:') group by cluster
)
, judged as (
  select *, idle_cost::double / total_cost::double as idle_ratio, try_cast(round(product_of(total_cost, 30.4 / day_count), 2) as decimal(38, 18)) as base_cost
  from cases where total_cost > 0 and idle_cost > 0
)
select 'cluster:' || j.cluster as subject_id, coalesce(n.within, []) as within, null::varchar as resource_id, null::varchar as component_id,
       null::varchar as app_id, 'kubernetes' as provider, j.currency, base_cost,
       product_of(base_cost, least(idle_ratio, 1) - 0.2) as saving_amount, 0.5 as confidence_ratio, 'medium' as risk,
       'medium' as effort, true as is_guarded,
       printf('%.0f %% of cluster %s was used by nobody for %d days', 100 * idle_ratio, j.cluster, day_count) as message,
       'Lower what workloads ask for, then let the cluster shrink by itself; a fifth is headroom enough.' as suggestion,
       json_object('idle_pct', round(100 * idle_ratio, 1), 'idle_cost', round(idle_cost, 2)::varchar,
                   'total_cost', round(total_cost, 2)::varchar, 'headroom_pct', 20, 'measured_days', day_count,
                   'window_until', until_on::varchar)::varchar as evidence
from judged j left join nodes n on n.cluster = 'cluster:' || j.cluster
where idle_ratio > 0.3
