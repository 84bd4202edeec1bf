-- One row per store listing and day: devices that used it, as the store counts installs, else as it counts engagement.
-- The store's own total (no version, no country) counts where there is one, else the sum of its parts.
-- grain: store_app_id, day
-- stored: yes
with told as (
  select store_app_id, day, version, country, active_device_count, 0 as place
  from mobile_installs_daily where active_device_count is not null
  union all by name
  select store_app_id, day, version, country, device_count as active_device_count, 1 as place
  from mobile_engagement_daily where device_count is not null
)
, best as (
  from told qualify rank() over (partition by store_app_id, day order by place, version <> '', country <> '') = 1
)
select store_app_id, day, sum(active_device_count)::bigint as active_device_count
from best group by store_app_id, day
