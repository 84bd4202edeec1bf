-- One row per application and repository that is linked to it, with the commits that touch its folder: of the whole
-- repository where one link has no folder (path_prefix null). A commit whose folders are not told counts.
-- grain: app_id, repo_id
with linked as (
  select app_id, native_id as repo_id, path_prefix from app_links_now where kind = 'repository'
)
, folders as (
  select app_id, repo_id, case when bool_or(path_prefix = '') then [''] else list(path_prefix order by path_prefix) end as folders
  from linked group by app_id, repo_id
)
, touching as (
  -- commits tell their top folders only, so `web` may well be `web/shop`
  select f.app_id, f.repo_id, c.sha, c.subject, c.author_name, c.committed_at, r.head_sha
  from folders f
  join repositories r on r.repo_id = f.repo_id
  join commits c on c.repo_id = f.repo_id
  where len(list_filter(f.folders, lambda one: one = '' or c.paths is null
              or len(list_filter(c.paths, lambda path: in_folder(path, one) or in_folder(one, path))) > 0)) > 0
)
, counted as (
  select app_id, repo_id, count(*) as commit_count,
         count(*) filter (where committed_at >= utc_now() - interval 30 day) as commit_count_30d
  from touching group by app_id, repo_id
)
, newest as (
  from touching
  qualify row_number() over (partition by app_id, repo_id order by committed_at desc, sha <> head_sha, sha) = 1
)
select f.app_id, f.repo_id, r.full_name, r.url, r.default_branch, r.language, r.head_sha, n.sha as last_sha,
       n.subject as last_subject, n.author_name as last_author, n.committed_at as last_committed_at,
       -- a host counts commits from before we looked, but only of the whole repository
       case when f.folders = [''] then coalesce(r.commit_count, c.commit_count) else c.commit_count end as commit_count,
       c.commit_count_30d, nullif(array_to_string(f.folders, ', '), '') as path_prefix, r.source_instance
from folders f
join repositories r on r.repo_id = f.repo_id
left join counted c on c.app_id = f.app_id and c.repo_id = f.repo_id
left join newest n on n.app_id = f.app_id and n.repo_id = f.repo_id
