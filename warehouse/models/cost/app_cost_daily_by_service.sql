-- One row per application, day, currency, category, service and source: the charges linked to it, apart for charges of a
-- day at most and of longer periods. A charge of several applications is split by their shares: who states none has an
-- even part of what the others leave; shares of more than the whole are scaled down to it. What belongs to nobody stands
-- in the row `untagged`, so that the sum over applications is the sum of charges. Null is an amount beyond all money.
-- grain: app_id, day, currency, category, service, source_instance, is_daily
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
, said as (
  select scope, stated_app(mark) as app_id from marks where stated_app(mark) is not null
)
, owned as (
  select scope, app_id, null::double as stated from said
  union all by name
  -- a share that is none (above 1, below 0) counts as not stated
  select m.scope, l.app_id, max(l.share_ratio) filter (where l.share_ratio between 0 and 1) as stated
  from marks m join app_links_now l on l.kind = 'cost' and l.native_id = m.mark
  where m.scope not in (select scope from said)
  group by m.scope, l.app_id
)
, shared as (
  select scope, app_id,
         coalesce(stated / greatest(1, sum(stated) over w),
                  greatest(0, 1 - coalesce(sum(stated) over w, 0)) / count(*) filter (where stated is null) over w) as share
  from owned window w as (partition by scope)
)
, laid as (
  -- shares end to end, each part from one mark to the next, so that what is rounded never adds up to more than the whole
  select scope, app_id, share, sum(share) over (partition by scope order by app_id) as share_to from shared
)
, cut as (
  select *, coalesce(lag(share_to) over (partition by scope order by app_id), 0) as share_from from laid
)
, parts as (
  select l.line_id, l.day, l.currency, l.category, l.service, l.source_instance, l.is_daily, c.app_id,
         share_of(l.effective_cost, c.share_to) - share_of(l.effective_cost, c.share_from) as effective_cost,
         share_of(l.billed_cost, c.share_to) - share_of(l.billed_cost, c.share_from) as billed_cost
  from lines l join cut c on c.scope = l.scope
)
, given as (
  select line_id, money_sum(effective_cost) as effective_cost, money_sum(billed_cost) as billed_cost from parts group by line_id
)
, every_part as (
  select app_id, day, currency, category, service, source_instance, is_daily, effective_cost, billed_cost from parts
  union all
  select 'untagged' as app_id, l.day, l.currency, l.category, l.service, l.source_instance, l.is_daily,
         l.effective_cost - coalesce(g.effective_cost, 0) as effective_cost,
         l.billed_cost - coalesce(g.billed_cost, 0) as billed_cost
  from lines l left join given g on g.line_id = l.line_id
  where g.line_id is null or l.effective_cost <> g.effective_cost or l.billed_cost <> g.billed_cost
)
select app_id, day, currency, category, service, source_instance, is_daily, money_sum(effective_cost) as effective_cost,
       money_sum(billed_cost) as billed_cost, count(*) as line_count
from every_part
group by app_id, day, currency, category, service, source_instance, is_daily
