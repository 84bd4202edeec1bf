-- One row per series, currency and day: effective cost of charges of a day, and of charges of longer
-- periods, which stand on their first day. Series are the company (total), each service, application, team and budget; what
-- belongs to nobody is the application and team `untagged`. A budget of an application or team counts what is allocated to
-- it; one with a provider, account or tag in its scope counts charges.
-- grain: kind, series_id, currency, day
-- stored: yes
with owned as (
  select r.*, coalesce(a.team_id, case when r.app_id = 'untagged' then 'untagged' else 'no team' end) as team_id
  from app_cost_daily_by_service r left join applications_now a on a.app_id = r.app_id
)
, limits as (
  select *, json_extract_string(scope, '/provider') as provider, json_extract_string(scope, '/account') as account_id,
         json_extract_string(scope, '/service') as service, json_extract_string(scope, '/environment') as environment,
         'tag:' || json_extract_string(scope, '/tag') as tag
  from budgets_now
)
, every_charge as (
  select 'total' as kind, 'all' as series_id, currency, day, is_daily, effective_cost from owned
  union all
  select 'service' as kind, service as series_id, currency, day, is_daily, effective_cost from owned
  union all
  select 'app' as kind, app_id as series_id, currency, day, is_daily, effective_cost from owned
  union all
  select 'team' as kind, team_id as series_id, currency, day, is_daily, effective_cost from owned
  union all
  select 'budget' as kind, b.budget_id as series_id, o.currency, o.day, o.is_daily, o.effective_cost
  from owned o
  join limits b on b.currency = o.currency and (b.app_id is null or b.app_id = o.app_id) and (b.team_id is null or b.team_id = o.team_id)
   and (b.service is null or b.service = o.service) and (b.environment is null or b.environment = o.environment)
  where b.provider is null and b.account_id is null and b.tag is null
  union all
  select 'budget' as kind, b.budget_id as series_id, s.currency, s.day, s.is_daily, s.effective_cost
  from cost_scope_days s
  join limits b on b.currency = s.currency and (b.provider is null or lower(b.provider) = lower(s.provider))
   and (b.account_id is null or b.account_id = s.account_id) and (b.service is null or b.service = s.service)
   and (b.environment is null or b.environment = tag_environment(s.tags))
   and (b.tag is null or list_contains(tag_marks(s.tags), b.tag))
  where b.provider is not null or b.account_id is not null or b.tag is not null
)
select kind, series_id, currency, day, money_sum(case when is_daily then effective_cost else 0 end) as daily_cost,
       money_sum(case when is_daily then 0 else effective_cost end) as once_cost
from every_charge
group by kind, series_id, currency, day
