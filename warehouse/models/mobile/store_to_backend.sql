-- One row per sign that users of a store listing are worse off (mobile_symptoms) and thing that happened before it, on our side:
-- releases of the app, deployments, incidents and rises of API errors (twice the median of 14 days, 1 % at least) of what it
-- rests on, at most two steps away. fit_score, 0 to 100 = 100 x how close (1 - days between / 4 for crashes and ANR, up to 3 days;
-- / 14 for ratings, which are compared with a week before, up to 7 days) x how near it is (the app itself 1, what it calls 0.8, a
-- step further 0.5) x how grave (undone, failed, halted, critical or high 1; API errors 0.9; a release 0.8; any other incident
-- 0.7; a deployment that went well 0.3). A fit is no proof.
-- grain: listing_id, day, symptom, cause_kind, cause_id
-- check: fit_score > 0 and fit_score <= 100
with listed as (
  select listing_id, any_value(name) as name, any_value(platform) as platform, any_value(app_id) as app_id from mobile_listings group by listing_id
)
, signs as materialized (
  select s.*, l.app_id, l.name, l.platform from mobile_symptoms s join listed l on l.listing_id = s.listing_id
  where s.day > utc_now()::date - 90
)
, edges as materialized (
  select from_id, to_id, from_type from graph_edges where to_type = 'component'
)
, reach as materialized (
  select app_id, component_id, min(step_count) as step_count from (
    select from_id as app_id, to_id as component_id, 1 as step_count from edges
    where from_type = 'app' and from_id in (select app_id from signs)
    union all
    select a.from_id, b.to_id, 2 from edges a join edges b on b.from_id = a.to_id and b.from_type = 'component'
    where a.from_type = 'app' and a.from_id in (select app_id from signs)
  ) group by app_id, component_id
)
, rates as (
  select coalesce(c.same_as, h.component_id) as component_id, h.ts_start::date as day,
         sum(h.failed_requests) / nullif(sum(h.rated_requests), 0) as ratio
  from component_health_1d h join components c on c.component_id = h.component_id
  where h.part_month >= date_trunc('month', utc_now()::date - 110)::date and h.rated_requests > 0
    and coalesce(c.same_as, h.component_id) in (select component_id from reach)
  group by all
)
, risen as (
  select *, median(ratio) over span as usual_ratio, count(ratio) over span as known_count from rates
  window span as (partition by component_id order by day range between interval 14 day preceding and interval 1 day preceding)
)
, causes as (
  select s.app_id, 'store_release' as cause_kind, s.listing_id || '/' || s.version as cause_id, s.released_at as happened_at,
         'version ' || s.version || if(s.state = 'halted', ', halted later', '') as title, if(s.state in ('halted', 'removed'), 1.0, 0.8) as weight,
         0 as step_count, s.listing_id as of_listing
  from mobile_versions s where s.app_id is not null
  union all by name
  select d.app_id, 'deployment' as cause_kind, d.deployment_id as cause_id, coalesce(d.finished_at, d.started_at, d.created_at) as happened_at,
         'deployment ' || coalesce(d.version, left(d.sha, 7), d.deployment_id) || ', ' || replace(d.status, '_', ' ') as title,
         if(d.status in ('failed', 'rolled_back'), 1.0, 0.3) as weight, 0 as step_count
  from deployments_by_app d where d.env_tier = 'production' and d.app_id in (select app_id from signs)
  union all by name
  select r.app_id, 'deployment' as cause_kind, d.deployment_id as cause_id, coalesce(d.finished_at, d.started_at, d.created_at) as happened_at,
         'deployment ' || coalesce(d.version, left(d.sha, 7), d.deployment_id) || ', ' || replace(d.status, '_', ' ') as title,
         if(d.status in ('failed', 'rolled_back'), 1.0, 0.3) as weight, r.step_count
  from deployments_by_app d join reach r on r.component_id = d.component_id where d.env_tier = 'production' and d.app_id <> r.app_id
  union all by name
  select coalesce(r.app_id, i.app_id) as app_id, 'incident' as cause_kind, i.incident_id as cause_id, i.started_at as happened_at, i.title,
         if(i.severity in ('critical', 'high'), 1.0, 0.7) as weight, coalesce(r.step_count, 0) as step_count
  from incidents_now i left join reach r on r.component_id = i.component_id
  where not coalesce(i.is_planned, false)
  union all by name
  select r.app_id, 'api_errors' as cause_kind, x.component_id || '/' || x.day as cause_id, x.day::timestamp as happened_at,
         printf('%.1f %% of the requests of %s fail, usually %.1f %%', 100 * x.ratio, c.name, 100 * x.usual_ratio) as title, 0.9 as weight,
         r.step_count
  from risen x
  join reach r on r.component_id = x.component_id
  join components c on c.component_id = x.component_id
  where x.known_count >= 7 and x.ratio >= 0.01 and x.ratio >= 2 * x.usual_ratio
)
, fits as (
  select s.listing_id, s.app_id, s.name, s.platform, s.day, s.symptom, s.text, c.cause_kind, c.cause_id, c.title, c.happened_at, c.step_count,
         (s.day - c.happened_at::date)::int as days_between,
         100 * (1 - (s.day - c.happened_at::date) / if(s.symptom = 'rating_drop', 14.0, 4.0)) * case c.step_count when 0 then 1.0 when 1 then 0.8 else 0.5 end * c.weight as fit_score
  from signs s join causes c on c.app_id = s.app_id and c.happened_at::date between s.day - if(s.symptom = 'rating_drop', 7, 3) and s.day
  where c.of_listing is null or c.of_listing = s.listing_id
  qualify row_number() over (partition by s.listing_id, s.day, s.symptom, c.cause_kind, c.cause_id order by fit_score desc) = 1
)
select *, row_number() over (partition by listing_id, day, symptom order by fit_score desc, cause_kind, cause_id) as fit_rank from fits
