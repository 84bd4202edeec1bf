-- One row per spike of low ratings (1 or 2 stars) of a listing: days, one calm day between them at most, whose number is far
-- above the median of the same weekday in the eight weeks before (four at least must be known; a day without a review
-- counts 0). Counts are Poisson, so they are compared by 2 (sqrt(n + 3/8) - sqrt(m + 3/8)), which is about normal with
-- variance 1 (Anscombe 1948; NIST/SEMATECH e-Handbook 6.3.3.1, control charts for counts): 3 or more is a spike.
-- theme: what low reviews speak of most above its pace of the eight weeks before; version: the one most of them name.
-- grain: spike_id
-- check: low_count > usual_low_count
-- check: ended_on >= started_on
-- stored: yes
with counted as (
  select listing_id, day, sum(review_count) filter (where rating <= 2) as low_count
  from store_review_days where theme = '' group by listing_id, day
)
, filled as (
  select d.listing_id, d.day, coalesce(c.low_count, 0) as low_count
  from (select listing_id, unnest(generate_series(min(day)::timestamp, max(day)::timestamp, interval 1 day))::date as day
        from counted group by listing_id) d
  left join counted c on c.listing_id = d.listing_id and c.day = d.day
)
, weeks as (select unnest(range(1, 9))::integer as week)
, judged as (
  select f.listing_id, f.day, f.low_count, median(b.low_count) as usual_low_count
  from filled f cross join weeks w
  join filled b on b.listing_id = f.listing_id and b.day = f.day - 7 * w.week
  group by f.listing_id, f.day, f.low_count having count(*) >= 4
)
, scored as (
  select *, 2 * (sqrt(low_count + 0.375) - sqrt(usual_low_count + 0.375)) as score from judged
)
, odd as (
  select *, case when day - lag(day) over (partition by listing_id order by day) <= 2 then 0 else 1 end as is_first
  from scored where score >= 3
)
, grouped as (select *, sum(is_first) over (partition by listing_id order by day) as number from odd)
, spans as (
  select listing_id, number, min(day) as started_on, max(day) as ended_on, max(score) as score, arg_max(day, score) as peak_on
  from grouped group by listing_id, number
)
, spikes as (
  select s.*, sum(j.low_count)::bigint as low_count, sum(j.usual_low_count) as usual_low_count
  from spans s join scored j on j.listing_id = s.listing_id and j.day between s.started_on and s.ended_on
  group by all
)
, parts as (
  select s.listing_id, s.started_on, d.theme, d.version,
         sum(d.review_count) filter (where d.day >= s.started_on) as inside_count,
         sum(d.review_count) filter (where d.day < s.started_on) / 56.0 * (s.ended_on - s.started_on + 1) as paced_count
  from spikes s
  join store_review_days d on d.listing_id = s.listing_id and d.rating <= 2 and d.day between s.started_on - 56 and s.ended_on
  group by s.listing_id, s.started_on, s.ended_on, d.theme, d.version
)
, themes as (
  select listing_id, started_on, theme, sum(inside_count)::bigint as theme_count
  from parts where theme not in ('', 'praise', 'update') group by listing_id, started_on, theme
  having coalesce(sum(inside_count), 0) > coalesce(sum(paced_count), 0)
  qualify row_number() over (partition by listing_id, started_on
                             order by sum(inside_count) - coalesce(sum(paced_count), 0) desc, theme) = 1
)
, versions as (
  select listing_id, started_on, max_by(version, inside_count) as version, max(inside_count)::bigint as version_count,
         sum(inside_count)::bigint as versioned_count
  from parts where theme = '' and version <> '' and inside_count > 0 group by listing_id, started_on
)
, named as (select listing_id, min(app_id) as app_id, min(store_app) as store_app, min(platform) as platform
            from store_review_apps group by listing_id)
select s.listing_id || '@' || s.started_on as spike_id, s.listing_id, n.app_id, n.store_app, n.platform, s.started_on,
       s.ended_on, s.peak_on, s.low_count, s.usual_low_count, s.score, t.theme, t.theme_count, v.version, v.version_count,
       v.versioned_count
from spikes s
left join themes t on t.listing_id = s.listing_id and t.started_on = s.started_on
left join versions v on v.listing_id = s.listing_id and v.started_on = s.started_on
left join named n on n.listing_id = s.listing_id
