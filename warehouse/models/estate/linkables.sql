-- One row per vendor thing that can belong to an application, with all the names under which a link may state it.
-- Costs are left out here: their marks are stated as they stand in the bill.
-- grain: kind, native_id
with found as (
  select 'repository' as kind, repo_id as native_id, full_name as name, full_name as said, url, null as tags,
         source_instance, coalesce(pushed_at, head_at) as last_seen_at
  from repositories
  union all by name
  select case when c.kind = 'messaging_channel' then 'messaging_channel' when c.type = 'third_party' then 'third_party'
              else 'component' end as kind,
         component_id as native_id, name, coalesce(service, host_name) as said, cloud_resource_id as url, tags,
         source_instance, last_seen_at
  from components c
  where coalesce(lifecycle, 'running') <> 'terminated' and same_as is null
  union all by name
  select 'project' as kind, project_id as native_id, name, key as said, url, null as tags, source_instance,
         null as last_seen_at
  from projects
  union all by name
  select 'store_app' as kind, store_app_id as native_id, max_by(name, day) as name, max_by(bundle_id, day) as said,
         max_by(store_native_id, day) as url, null as tags, max_by(source_instance, day) as source_instance,
         max(day)::timestamp as last_seen_at
  from mobile_apps group by store_app_id
  union all by name
  select 'service' as kind, service as native_id, service as name, null as said, null as url, null as tags,
         min(source_instance) as source_instance, max(last_seen_at) as last_seen_at
  from components where service is not null group by service
  union all by name
  select 'backup' as kind, backup_plan_id as native_id, max_by(tool, started_at) || ' ' || backup_plan_id as name,
         null as said, null as url, null as tags, max_by(source_instance, started_at) as source_instance,
         max(started_at) as last_seen_at
  from backup_jobs where backup_plan_id is not null group by backup_plan_id
)
, twins as (
  select same_as, flatten(list([component_id, 'name:' || lower(name)])) as names
  from components where same_as is not null group by same_as
)
select f.kind, f.native_id, f.name, f.source_instance, f.last_seen_at,
       list_distinct(list_filter(
         [native_id, 'name:' || lower(name), 'name:' || lower(said), 'name:' || lower(regexp_extract(said, '[^/]+$')),
          'url:' || plain_url(url)] || tag_marks(tags) || coalesce(t.names, []), lambda n: n is not null)) as names
from found f
left join twins t on t.same_as = f.native_id and f.kind in ('component', 'messaging_channel', 'third_party')
