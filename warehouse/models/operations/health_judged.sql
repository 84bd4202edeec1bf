-- One row per sample: what it says of its component, how long that lasted, and its requests.
-- Announced maintenance counts as maintenance, whatever was measured. A sample that ends more than five minutes in the
-- future comes from a wrong clock and is left out.
-- grain: component_id, ts_start
select h.component_id, h.ts_start, h.ts_end, h.part_day, h.source_instance, h.cpu_pct, h.memory_pct, h.disk_pct,
       h.network_latency_ms, h.response_time_ms, h.requests_per_minute, h.error_rate_pct,
       case when m.spans is not null and is_within(h.ts_start, m.spans) then 'maintenance'
            else sample_state(h.status, h.cpu_pct, h.memory_pct, h.disk_pct, h.response_time_ms,
                              h.requests_per_minute, h.error_rate_pct, h.network_latency_ms) end as state,
       epoch(h.ts_end - h.ts_start) as seconds,
       h.requests_per_minute * epoch(h.ts_end - h.ts_start) / 60 as requests_in_sample
from component_health h
left join components c on c.component_id = h.component_id
left join maintenance_spans m on m.component_id = coalesce(c.same_as, h.component_id)
where h.ts_end <= utc_now() + interval 5 minute
