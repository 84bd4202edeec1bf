-- Nobody's: a resource on the bill that is no component and belongs to no application, although others of its provider
-- and service are known, so that it would be known too if anybody used it. A guess: somebody has to be asked.
-- grain: subject_id, currency
-- check: saving_amount = base_cost
with costs as materialized (
  from resource_costs
)
, known as (
  select distinct provider, service from costs where component_id is not null or app_id is not null
)
select 'resource:' || r.resource_id as subject_id, r.within, r.resource_id, r.component_id, r.app_id, r.provider, r.currency,
       r.month_cost as base_cost, r.month_cost as saving_amount, 0.2 as confidence_ratio, 'high' as risk,
       'medium' as effort, false as is_guarded, r.name || ' is on the bill and known to nobody' as message,
       'Ask who uses it; link it to an application, or delete it.' as suggestion,
       json_object('month_cost', round(r.month_cost, 2)::varchar, 'service', r.service, 'account', r.account_id,
                   'first_charged_on', r.first_charged_on::varchar, 'window_from', r.window_from_on::varchar,
                   'window_until', r.window_until_on::varchar)::varchar as evidence
from costs r join known k on k.provider = r.provider and k.service = r.service
where r.component_id is null and r.app_id is null and not r.is_commitment and r.month_cost >= 1
