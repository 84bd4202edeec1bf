-- One row per application and dependency of a manifest that is its: by the application that the source states, else by
-- its links to the repository; of several links the longest folder that holds the manifest, all that are equally long.
-- grain: app_id, repo_id, manifest_path, purl
with standing as materialized (
  from packages_now
)
, manifests as (
  select distinct repo_id, manifest_path from standing where app_id is null
)
, linked as (
  select m.repo_id, m.manifest_path, l.app_id
  from manifests m
  join app_links_now l on l.kind = 'repository' and l.native_id = m.repo_id and in_folder(m.manifest_path, l.path_prefix)
  qualify rank() over (partition by m.repo_id, m.manifest_path order by length(rtrim(l.path_prefix, '/')) desc) = 1
)
, owned as (
  select p.*, p.app_id as owner_id from standing p where p.app_id is not null
  union all by name
  select p.*, l.app_id as owner_id
  from standing p join (select distinct * from linked) l on l.repo_id = p.repo_id and l.manifest_path = p.manifest_path
  where p.app_id is null
)
select owner_id as app_id, repo_id, manifest_path, purl, ecosystem, name, package_version, latest_version, scope, is_direct,
       licenses, license_status, security_status, finding_count, advisory_ids, last_scanned_at, day, source_instance
from owned
