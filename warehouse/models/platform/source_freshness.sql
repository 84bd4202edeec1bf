-- One row per source and stream: last run, last good run, what landed and what failed in the last 24 hours.
-- grain: source_instance, stream
with recent as (
  select * from sync_runs where part_month >= date_trunc('month', utc_now() - interval 35 day)::date
)
select source_instance, stream, max_by(connector, started_at) as connector, max(started_at) as last_run_at,
       max(finished_at) filter (where status in ('success', 'partial')) as last_good_at,
       max_by(status, started_at) as status, max_by({'said': error}, started_at).said as error,
       max_by({'said': error_class}, started_at).said as error_class,
       coalesce(sum(row_count) filter (where started_at >= utc_now() - interval 1 day), 0)::bigint as row_count_24h,
       coalesce(sum(quarantined_count) filter (where started_at >= utc_now() - interval 1 day), 0)::bigint as quarantined_count_24h,
       coalesce(sum(unknown_enum_count) filter (where started_at >= utc_now() - interval 1 day), 0)::bigint as unknown_enum_count_24h,
       count(*) filter (where started_at >= utc_now() - interval 1 day) as run_count_24h,
       count(*) filter (where started_at >= utc_now() - interval 1 day and status = 'failed') as failed_count_24h,
       median(epoch(finished_at - started_at)) as run_s
from recent
group by source_instance, stream
