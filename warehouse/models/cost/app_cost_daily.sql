-- One row per application, day, currency and category (hosting, third_party): effective (showback) and billed (cash)
-- cost of the charges linked to it. A charge of several applications is split by their shares, evenly where none is
-- stated. What belongs to nobody stands in the row `untagged`, so that the sum over applications is the sum of charges.
-- grain: app_id, day, currency, category
-- stored: yes
with lines as (
  -- an account, service, resource and set of tags is asked once for its owners, however many charges it has
  select *, {'account': account_id, 'service': service, 'resource': resource_id, 'tags': tags} as scope from cost_lines
)
, scopes as (
  select distinct scope from lines
)
, marks as (
  select scope, unnest(list_distinct(list_filter(
           ['account:' || scope.account, 'service:' || scope.service, 'resource:' || scope.resource] || tag_marks(scope.tags),
           lambda m: m is not null))) as mark
  from scopes
)
, owned as (
  -- a share that is none (above 1, below 0) counts as not stated
  select m.scope, l.app_id, max(l.share_ratio) filter (where l.share_ratio between 0 and 1) as share_ratio
  from marks m join app_links_now l on l.kind = 'cost' and l.native_id = m.mark
  group by m.scope, l.app_id
)
, shared as (
  select scope, app_id,
         case when count(*) over w = 1 then share_ratio else coalesce(share_ratio, 1.0 / count(*) over w) end as share
  from owned window w as (partition by scope)
)
, parts as (
  select l.line_id, l.day, l.currency, l.category, s.app_id, share_of(l.effective_cost, s.share) as effective_cost,
         share_of(l.billed_cost, s.share) as billed_cost
  from lines l join shared s on s.scope = l.scope
)
, given as (
  select line_id, money_sum(effective_cost) as effective_cost, money_sum(billed_cost) as billed_cost from parts group by line_id
)
, every_part as (
  select app_id, day, currency, category, effective_cost, billed_cost from parts
  union all
  select 'untagged' as app_id, l.day, l.currency, l.category, l.effective_cost - coalesce(g.effective_cost, 0) as effective_cost,
         l.billed_cost - coalesce(g.billed_cost, 0) as billed_cost
  from lines l left join given g on g.line_id = l.line_id
  where g.line_id is null or l.effective_cost <> g.effective_cost or l.billed_cost <> g.billed_cost
)
select app_id, day, currency, category, money_sum(effective_cost) as effective_cost, money_sum(billed_cost) as billed_cost,
       count(*) as line_count
from every_part
group by app_id, day, currency, category
