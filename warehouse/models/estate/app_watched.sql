-- One row per application about which some source would alert: one that brings a component of it has brought an alert at
-- some time, or an alert names it. Of any other application no alert is not the same as nothing to alert about.
-- grain: app_id
select a.app_id
from app_components a
join components c on coalesce(c.same_as, c.component_id) = a.component_id
where c.source_instance in (select source_instance from alerts)
union
select app_id from app_alerts
