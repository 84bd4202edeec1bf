-- One row per application and team over a span: the medians of the parts of the cycle of pull requests merged in it, their
-- size, and how many wait. Parts do not add up: each is the middle one of its own.
-- grain: scope_type, scope_id
-- takes: since, until
with scoped as (
  select s.scope_type, s.scope_id, c.* exclude (app_id)
  from dora_scopes s join pull_request_cycle c on c.app_id = s.app_id
  qualify row_number() over (partition by s.scope_type, s.scope_id, c.pull_request_id order by c.deployed_at nulls last) = 1
)
select scope_type, scope_id,
       count(*) filter (where merged_at >= since and merged_at < until) as merged_count,
       count(*) filter (where cycle_s is not null and merged_at >= since and merged_at < until) as deployed_count,
       median(coding_s) filter (where merged_at >= since and merged_at < until) as coding_median_s,
       median(pickup_s) filter (where merged_at >= since and merged_at < until) as pickup_median_s,
       median(review_s) filter (where merged_at >= since and merged_at < until) as review_median_s,
       median(deploy_s) filter (where merged_at >= since and merged_at < until) as deploy_median_s,
       median(cycle_s) filter (where merged_at >= since and merged_at < until) as cycle_median_s,
       quantile_cont(cycle_s, 0.75) filter (where merged_at >= since and merged_at < until) as cycle_p75_s,
       median(size_lines) filter (where merged_at >= since and merged_at < until) as size_median_lines,
       count(*) filter (where state = 'open') as open_count, count(*) filter (where is_stale) as stale_count
from scoped group by scope_type, scope_id
