-- One row per application, day, currency, category, service, source and environment: the charges linked to it, apart for
-- charges of a day at most and of longer periods. A charge of several applications is split by their shares, as
-- cost_owners says. What belongs to nobody stands in the row `untagged`, with the split that takes it, if there is one; so
-- the sum over applications is the sum of charges. Environment is what a tag of the charge says, null if none does. Null is
-- an amount beyond all money.
-- grain: app_id, day, currency, category, service, source_instance, is_daily, environment, split_id
-- stored: yes
with lines as (
  select *, {'account': account_id, 'service': service, 'resource': resource_id, 'tags': tags} as scope from cost_lines
)
, parts as (
  select l.line_id, l.day, l.currency, l.category, l.service, l.source_instance, l.is_daily, l.scope, c.app_id,
         share_of(l.effective_cost, c.share_to_ratio) - share_of(l.effective_cost, c.share_from_ratio) as effective_cost,
         share_of(l.billed_cost, c.share_to_ratio) - share_of(l.billed_cost, c.share_from_ratio) as billed_cost,
         share_of(l.list_cost, c.share_to_ratio) - share_of(l.list_cost, c.share_from_ratio) as list_cost
  from lines l join cost_owners c on c.scope = l.scope
)
, given as (
  select line_id, money_sum(effective_cost) as effective_cost, money_sum(billed_cost) as billed_cost,
         money_sum(list_cost) as list_cost
  from parts group by line_id
)
, every_part as (
  select app_id, day, currency, category, service, source_instance, is_daily, scope, null as split_id, effective_cost,
         billed_cost, list_cost
  from parts
  union all
  select 'untagged' as app_id, l.day, l.currency, l.category, l.service, l.source_instance, l.is_daily, l.scope,
         s.split_id, l.effective_cost - coalesce(g.effective_cost, 0) as effective_cost,
         l.billed_cost - coalesce(g.billed_cost, 0) as billed_cost, l.list_cost - coalesce(g.list_cost, 0) as list_cost
  from lines l
  left join given g on g.line_id = l.line_id
  left join cost_shared_scopes s on s.scope = l.scope
  where g.line_id is null or l.effective_cost <> g.effective_cost or l.billed_cost <> g.billed_cost
)
, summed as (
  select app_id, day, currency, category, service, source_instance, is_daily, scope.tags as tags, split_id,
         money_sum(effective_cost) as effective_cost, money_sum(billed_cost) as billed_cost,
         money_sum(list_cost) as list_cost, count(*) as line_count
  from every_part
  group by app_id, day, currency, category, service, source_instance, is_daily, scope.tags, split_id
)
, placed as (
  select tags, tag_environment(tags) as environment from (select distinct tags from summed)
)
select s.app_id, s.day, s.currency, s.category, s.service, s.source_instance, s.is_daily, p.environment, s.split_id,
       money_sum(s.effective_cost) as effective_cost, money_sum(s.billed_cost) as billed_cost,
       money_sum(s.list_cost) as list_cost, sum(s.line_count)::bigint as line_count
from summed s left join placed p on p.tags = s.tags
group by s.app_id, s.day, s.currency, s.category, s.service, s.source_instance, s.is_daily, p.environment, s.split_id
