-- One row per dependency of a manifest as it stands: of each source and repository the newest day that it told; of two
-- sources of one dependency the newer, then the one that knows the latest version. Vulnerable: an open finding of a
-- dependency scan in this repository names it (after the decisions of people), or an advisory that is not withdrawn
-- lists its version; else outdated: a newer version is known; else secure: its latest version is known, or a complete
-- scan of the repository is at most 30 days old; else null: nobody checked. Of an advisory only the versions that it
-- lists are compared, not its ranges.
-- grain: repo_id, manifest_path, purl
-- check: security_status is null or security_status in ('vulnerable', 'outdated', 'secure')
with standing as (
  from packages qualify rank() over (partition by source_instance, repo_id order by day desc) = 1
)
, single as (
  from standing
  qualify row_number() over (partition by repo_id, manifest_path, purl
                             order by day desc, latest_version is null, source_instance) = 1
)
, open_findings as (
  select repo_id, finding_id, advisory_ids, purl, package_name, package_version from findings_now
  where category = 'sca' and state = 'open' and repo_id is not null
)
, found as (
  select p.repo_id, p.purl, f.finding_id, f.advisory_ids
  from single p join open_findings f on f.repo_id = p.repo_id and f.purl = p.purl
  union
  select p.repo_id, p.purl, f.finding_id, f.advisory_ids
  from single p join open_findings f
    on f.repo_id = p.repo_id and f.package_name = p.name and f.package_version = p.package_version
)
, told_versions as (
  select advisory_id, lower(ecosystem) as ecosystem, package_name,
         unnest(case when json_valid(affected) then json_extract_string(affected, '$.versions[*]') end) as package_version
  from advisories where withdrawn_at is null
)
, advised as (
  select distinct p.repo_id, p.purl, a.advisory_id
  from single p join told_versions a
    on a.package_name = p.name and a.ecosystem = lower(p.ecosystem) and a.package_version = p.package_version
)
, flaws as (
  select repo_id, purl, finding_id, unnest(coalesce(nullif(advisory_ids, []), [null])) as advisory_id from found
  union all
  select repo_id, purl, null as finding_id, advisory_id from advised
)
, flawed as (
  select repo_id, purl, count(distinct finding_id) as finding_count,
         list_sort(list(distinct advisory_id) filter (where advisory_id is not null)) as advisory_ids
  from flaws group by repo_id, purl
)
, scanned as (
  select repo_id, max(started_at) as last_scanned_at from scans
  where is_complete and status = 'success' and repo_id is not null
    and part_month >= date_trunc('month', utc_now() - interval 30 day)::date and started_at >= utc_now() - interval 30 day
  group by repo_id
)
select p.repo_id, p.manifest_path, p.purl, p.app_id, p.ecosystem, p.name, p.package_version, p.latest_version, p.scope,
       p.is_direct, p.licenses, p.license_status,
       case when f.repo_id is not null then 'vulnerable' when p.latest_version <> p.package_version then 'outdated'
            when p.latest_version is not null or s.repo_id is not null then 'secure' end as security_status,
       coalesce(f.finding_count, 0) as finding_count, f.advisory_ids, s.last_scanned_at, p.day, p.source_instance
from single p
left join flawed f on f.repo_id = p.repo_id and f.purl = p.purl
left join scanned s on s.repo_id = p.repo_id
