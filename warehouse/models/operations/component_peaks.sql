-- One row per component with samples within 24 h: the P99 of its CPU and of its memory, within 1 %; null is not measured.
-- grain: component_id
select coalesce(c.same_as, s.component_id) as component_id, sketch_quantile(list(s.cpu_pct_sketch), 0.99) as cpu_p99_pct,
       sketch_quantile(list(s.memory_pct_sketch), 0.99) as memory_p99_pct
from health_steps(since := utc_now() - interval 1 day, until := utc_now(), step_s := 3600) s
left join components c on c.component_id = s.component_id
group by coalesce(c.same_as, s.component_id)
