-- Idle: a machine with a mean CPU of 5 % or less over 7 days, no request, and at most 1,000 bytes a second of network
-- where that is measured (OptScale, abandoned instances); a database without a connection for 7 days but the one that
-- asks (Trusted Advisor); a disk or an address that the bill itself calls unattached or idle.
-- grain: subject_id, currency
-- check: saving_amount = base_cost
with connected as (
  select coalesce(c.same_as, d.component_id) as component_id, max(d.connections_used) as most_used,
         count(distinct d.observed_at::date) as day_count
  from db_stats d left join components c on c.component_id = d.component_id
  where d.part_day >= (utc_now() - interval 7 day)::date and d.observed_at >= utc_now() - interval 7 day
    and d.connections_used is not null
  group by 1
)
, moved as (
  -- network of OTel (system.network.io, bytes of an interval), by second
  select coalesce(c.same_as, p.component_id) as component_id, sum(p.value) / (7 * 86400.0) as sent_a_second
  from metric_points p left join components c on c.component_id = p.component_id
  where p.metric = 'system.network.io' and p.agg = 'sum' and p.value is not null and p.component_id is not null
    and p.part_day >= (utc_now() - interval 7 day)::date and p.ts_start >= utc_now() - interval 7 day
  group by 1
)
, cases as (
  select r.*, l.cpu_avg_7d_pct, m.sent_a_second, b.most_used,
         case when regexp_matches(r.sku_words, 'idle ?address|unattached|unassociated|not attached') then 'unattached'
              when b.day_count >= 7 and b.most_used <= 1 then 'unconnected'
              when r.component_type = 'server' and l.cpu_avg_7d_pct <= 5 and l.cpu_day_count_7d >= 7
                   and coalesce(l.requests_per_minute_7d_sum, 0) = 0 and coalesce(m.sent_a_second, 0) <= 1000 then 'idle' end as kind_of
  from resource_costs r left join component_loads l on l.component_id = r.component_id
  left join connected b on b.component_id = r.component_id left join moved m on m.component_id = r.component_id
)
select 'resource:' || resource_id as subject_id, within, resource_id, component_id, app_id, provider, currency,
       month_cost as base_cost, month_cost as saving_amount,
       case when kind_of = 'unattached' then 0.9 when kind_of = 'unconnected' or sent_a_second is not null then 0.7
            else 0.4 end as confidence_ratio,
       case when kind_of = 'unattached' then 'low' else 'medium' end as risk, 'small' as effort, true as is_guarded,
       case kind_of when 'unattached' then name || ' is attached to nothing, says the bill'
                    when 'unconnected' then name || ' had no connection for 7 days'
                    else printf('%s did almost nothing for 7 days: CPU at %.1f %%', name, cpu_avg_7d_pct) end as message,
       case kind_of when 'unattached' then 'Keep a snapshot of a disk, then delete it.'
                    else 'Ask its owner, keep a snapshot, then switch it off.' end as suggestion,
       json_object('month_cost', round(month_cost, 2)::varchar, 'found', kind_of, 'cpu_avg_7d_pct', round(cpu_avg_7d_pct, 1),
                   'network_bytes_a_second', round(sent_a_second), 'most_connections', most_used, 'window_days', 7,
                   'window_until', utc_now()::date::varchar)::varchar as evidence
from cases where kind_of is not null
