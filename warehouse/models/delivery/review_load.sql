-- One row per reviewer over a span: reviews submitted, of how many pull requests, and how long the first one took, median.
-- grain: reviewer_id
-- takes: since, until
select r.reviewer_id, any_value(n.display_name) as reviewer, count(*) as review_count,
       count(distinct r.pull_request_id) as pull_request_count,
       count(*) filter (where r.state = 'approved') as approved_count,
       count(*) filter (where r.state = 'changes_requested') as changes_requested_count,
       median(epoch(r.submitted_at - p.created_at)) filter (where r.submitted_at >= p.created_at) as wait_median_s
from pull_request_reviews r
left join pull_requests p on p.pull_request_id = r.pull_request_id
left join people n on n.person_id = r.reviewer_id
where r.reviewer_id is not null and r.submitted_at >= since and r.submitted_at < until
group by r.reviewer_id
