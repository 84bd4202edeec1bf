-- One row: servers in trouble, the fullest disk, the database nearest its limit of connections, third parties in trouble.
-- grain: server_count
-- check: server_down_count <= server_count
with machines as (
  select count(*) filter (where type = 'server') as server_count,
         count(*) filter (where type = 'server' and status = 'down') as server_down_count,
         count(*) filter (where type = 'server' and status = 'unknown') as server_unknown_count,
         max_by(name, disk_pct) as disk_component, max(disk_pct) as disk_pct
  from component_status
)
, databases as (
  select max_by(name || coalesce(' / ' || database, ''), used_pct) as database, max(used_pct) as used_pct
  from databases_now
)
, parties as (
  select count(*) as third_party_count, count(*) filter (where status in ('down', 'degraded')) as trouble_count,
         count(*) filter (where status = 'unknown') as third_party_unknown_count
  from third_parties_now
)
select m.server_count, m.server_down_count, m.server_unknown_count, m.disk_component, m.disk_pct,
       d.database, d.used_pct, p.third_party_count, p.trouble_count, p.third_party_unknown_count
from machines m cross join databases d cross join parties p
