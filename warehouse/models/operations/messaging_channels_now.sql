-- One row per messaging number: whether it can send, its quality, throughput against its limit, and a week of messages.
-- What is older than 30 min is unknown and shows no figures. Blocked is down; limited or of red quality is degraded.
-- grain: component_id
-- check: used_pct is null or used_pct >= 0
with latest as (
  select m.component_id, max_by(m, m.observed_at) as m
  from messaging_channels as m
  where m.part_month >= date_trunc('month', utc_now() - interval 2 day)::date
    and m.observed_at > utc_now() - interval 2 day and m.observed_at <= utc_now() + interval 5 minute
  group by 1
)
, aged as (
  select component_id, m.observed_at as observed_at, epoch(utc_now() - m.observed_at) as age_s,
         case when epoch(utc_now() - m.observed_at) <= 1800 then m end as m,
         m.display_name as display_name, m.source_instance as source_instance
  from latest
)
, sent as (
  select component_id, sum(sent_count) as sent_count_7d, sum(failed_count) as failed_count_7d
  from messaging_volumes
  where part_month >= date_trunc('month', utc_now() - interval 7 day)::date
    and ts_start >= utc_now() - interval 7 day and ts_start <= utc_now()
  group by 1
)
, judged as (
  select *,
         case when age_s > 1800 then ['unknown', 'nothing told for ' || spoken_duration(age_s)]
              when m.can_send = 'blocked' then ['down', 'cannot send']
              when m.can_send = 'limited' then ['degraded', 'may send only in part']
              when m.quality = 'red' then ['degraded', 'quality is red']
              when m.can_send = 'available' then ['healthy', null]
              else ['unknown', 'the source does not tell whether it can send'] end as verdict
  from aged
)
select j.component_id, coalesce(j.display_name, c.name, j.component_id) as name, verdict[1] as status,
       verdict[2] as status_reason, status_rank(verdict[1]) as status_rank,
       coalesce(j.m.can_send, 'unknown') as can_send, j.m.quality as quality,
       100.0 * j.m.throughput_per_minute / nullif(j.m.throughput_limit_per_minute, 0) as used_pct,
       j.m.throughput_per_minute as throughput_per_minute,
       j.m.throughput_limit_per_minute as throughput_limit_per_minute, j.m.tier_raw as tier_raw,
       s.sent_count_7d, s.failed_count_7d, j.observed_at, j.age_s, j.source_instance
from judged j
left join components c on c.component_id = j.component_id
left join sent s on s.component_id = j.component_id
