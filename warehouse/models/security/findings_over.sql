-- One row per severity of security findings (licences and code smells aside) over a span: open before it, found and mended
-- in it, and open at its end. A finding that people decided not to mend is in none, as it stands now: when it was open
-- before that is not kept.
-- grain: severity
-- check: open_count = before_count + found_count - mended_count
-- takes: since, until
select severity, count(*) filter (where first_seen_at < since and (ended_at is null or ended_at >= since)) as before_count,
       count(*) filter (where first_seen_at >= since and first_seen_at < until) as found_count,
       count(*) filter (where ended_at >= since and ended_at < until) as mended_count,
       count(*) filter (where first_seen_at < until and (ended_at is null or ended_at >= until)) as open_count
from (
  select severity, first_seen_at,
         case when state in ('fixed', 'gone') then greatest(coalesce(fixed_at, last_seen_at), first_seen_at) end as ended_at
  from findings_now
  where is_security and state in ('open', 'unknown', 'fixed', 'gone')
)
where first_seen_at < until
group by severity
