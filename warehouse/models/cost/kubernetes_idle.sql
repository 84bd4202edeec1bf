-- One row per Kubernetes cluster and day: what it cost at list price, and what of that nobody used (`__idle__`): capacity
-- that was paid for and that no workload asked for or used. An estimate, never added to a bill. Idle is null where the
-- source does not tell it: unknown is not nothing.
-- grain: cluster, day, source_instance, currency
-- check: idle_ratio is null or idle_ratio between 0 and 1
with parts as (
  select *, ends_with(component_id, '__idle__') as is_idle from cost_allocations
)
, clusters as (
  select cluster, day, source_instance, currency, money_sum(total_cost) as total_cost,
         money_sum(case when is_idle then total_cost end) as idle_cost,
         money_sum(case when is_idle then cpu_cost end) as idle_cpu_cost,
         money_sum(case when is_idle then memory_cost end) as idle_memory_cost,
         count(distinct component_id) filter (where not is_idle) as workload_count
  from parts
  group by cluster, day, source_instance, currency
)
select cluster, day, currency, total_cost, idle_cost, idle_cost::double / nullif(total_cost::double, 0) as idle_ratio,
       idle_cpu_cost, idle_memory_cost, workload_count, source_instance
from clusters
