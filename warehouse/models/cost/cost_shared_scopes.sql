-- One row per account, service, resource and set of tags of charges that a split takes, and the first split that does:
-- one that names what it takes before one that takes all (*), then by id. It takes what links leave.
-- grain: scope
-- stored: yes
with wanted as (
  select split_id, unnest(marks) as mark from cost_splits_now
)
, scopes as (
  select distinct {'account': account_id, 'service': service, 'resource': resource_id, 'tags': tags} as scope
  from cost_lines where exists (from wanted)
)
, marked as (
  select scope, unnest(list_distinct(list_filter(
           ['*', 'account:' || scope.account, 'service:' || scope.service, 'resource:' || scope.resource] || tag_marks(scope.tags),
           lambda m: m is not null))) as mark
  from scopes
)
select m.scope, w.split_id
from marked m join wanted w on w.mark = m.mark
qualify row_number() over (partition by m.scope order by m.mark = '*', w.split_id) = 1
