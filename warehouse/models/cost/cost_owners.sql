-- One row per account, service, resource and set of tags of charges, and application that has a part of what is charged
-- under them. Who states no share has an even part of what the others leave; shares of more than the whole are scaled down
-- to it. The parts are laid end to end, each from one mark to the next, so that what is rounded never adds up to more than
-- the whole.
-- grain: scope, app_id
-- check: share_to_ratio >= share_from_ratio
-- stored: yes
with scopes as (
  -- asked once for its owners, however many charges it has
  select distinct {'account': account_id, 'service': service, 'resource': resource_id, 'tags': tags} as scope from cost_lines
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
  -- a share that is none (above 1, below 0) counts as not stated
  select scope, app_id, null::double as stated from said
  union all by name
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
  select scope, app_id, sum(share) over (partition by scope order by app_id) as share_to_ratio from shared
)
select scope, app_id, coalesce(lag(share_to_ratio) over (partition by scope order by app_id), 0) as share_from_ratio,
       share_to_ratio
from laid
