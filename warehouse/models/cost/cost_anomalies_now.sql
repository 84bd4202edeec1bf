-- One row per cost anomaly as it stands: what it is of, per day what it cost and what was expected, its impact and what
-- that is made of (the parts add up to it), the deployment that may have made it, whose it is, and what people said of it.
-- is_lasting: its last judged day was anomalous too. Left out is what nobody decided on and no charge is kept of.
-- grain: anomaly_id
-- check: impact_amount = price_amount + volume_amount + new_amount + gone_amount + unexplained_amount
with told as (
  select *, parts->>'kind' as kind, parts->>'name' as name, try_cast(parts->>'day_count' as bigint) as day_count,
         try_cast(parts->>'observed' as decimal(38, 18)) as observed_cost, try_cast(parts->>'expected' as decimal(38, 18)) as expected_cost,
         try_cast(parts->>'price' as decimal(38, 18)) as price_amount, try_cast(parts->>'volume' as decimal(38, 18)) as volume_amount,
         try_cast(parts->>'new' as decimal(38, 18)) as new_amount, try_cast(parts->>'gone' as decimal(38, 18)) as gone_amount,
         try_cast(parts->>'unexplained' as decimal(38, 18)) as unexplained_amount
  from anomalies where subject = 'cost'
)
, called as (
  select team_id, min_by(name, declared_rank(source)) as team_name from teams group by team_id
)
, charged as (
  select series_id, min(source_instances[1]) as source_instance from cost_series_days group by series_id
)
select t.anomaly_id, t.series_id, t.kind, t.name, t.app_id, a.name as app_name, a.team_id, c.team_name,
       coalesce(a.product_owner, a.lead_developer) as owner, t.state, t.ts_end is null as is_lasting,
       t.ts_start::date as started_on, t.ts_end::date - 1 as ended_on, t.day_count, t.observed_cost, t.expected_cost,
       t.impact_amount, 100 * (t.observed_cost::double / nullif(t.expected_cost::double, 0) - 1) as change_pct, t.currency,
       t.score, t.price_amount, t.volume_amount, t.new_amount, t.gone_amount, t.unexplained_amount,
       t.parts->'deployments'->0->>'deployment_id' as deployment_id,
       t.parts->'deployments'->0->>'version' as deployment_version, t.explanation, t.parts->'decided'->>'by' as decided_by,
       try_cast(t.parts->'decided'->>'at' as timestamp) as decided_at, t.detected_at, t.updated_at, t.parts,
       coalesce(s.source_instance, t.source_instance) as source_instance
from told t
left join applications_now a on a.app_id = t.app_id
left join called c on c.team_id = a.team_id
left join charged s on s.series_id = t.series_id
where s.series_id is not null or (t.parts->'decided'->>'by') is not null
