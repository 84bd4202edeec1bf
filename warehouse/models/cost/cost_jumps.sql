-- One row per application, currency and day on which its cost left what was expected of it, up or down: the first day of
-- each of its anomalies that nobody dismissed, with what it costs a day while it lasts and what was expected.
-- grain: app_id, day, currency
with told as (
  select app_id, ts_start::date as day, currency, try_cast(parts->>'observed' as decimal(38, 18)) as cost,
         try_cast(parts->>'expected' as decimal(38, 18)) as usual_cost
  from anomalies where subject = 'cost' and state <> 'dismissed' and parts->>'kind' = 'app'
  qualify row_number() over (partition by app_id, ts_start::date, currency order by detected_at desc, anomaly_id) = 1
)
select app_id, day, currency, cost, usual_cost, try(cost - usual_cost) as increase_cost,
       100 * (cost::double / nullif(usual_cost::double, 0) - 1) as change_pct
from told
