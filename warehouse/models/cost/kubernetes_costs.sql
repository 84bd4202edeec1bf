-- One row per workload of Kubernetes and day: what it cost at list price, by what it is made of, and how much of the
-- capacity that it asked for it used. An estimate that splits a cluster's bill, never added to it. What no workload
-- claims (`__unallocated__`, `__unmounted__`) has rows too, idle capacity has none: kubernetes_idle. Of two sources that
-- tell one workload the one that landed last counts.
-- grain: component_id, day
with told as (
  select * from cost_allocations
  where not ends_with(component_id, '__idle__')
  qualify row_number() over (partition by component_id, day order by ingested_at desc, source_instance) = 1
)
, owners as (
  select component_id, list_sort(list(app_id)) as app_ids from app_components group by component_id
)
select t.component_id, t.day, coalesce(c.name, regexp_extract(t.component_id, '[^/:]+$')) as name, t.cluster, t.k8s_namespace,
       coalesce(o.app_ids, []) as app_ids, t.total_cost, t.cpu_cost, t.memory_cost, t.gpu_cost, t.storage_cost,
       t.network_cost, t.load_balancer_cost, t.shared_cost, t.currency, t.cpu_efficiency_ratio, t.memory_efficiency_ratio,
       t.source_instance
from told t
left join components c on c.component_id = t.component_id
left join owners o on o.component_id = coalesce(c.same_as, t.component_id)
