-- One row per dashboard as it stands: its newest version, unless that retired it. written_version counts the versions that
-- people wrote on pages: who changes a dashboard tells the last one he saw.
-- grain: dashboard_id
-- stored: yes
with said as (
  select *, coalesce(max(version) filter (where source = 'people') over (partition by dashboard_id), 0) as written_version
  from dashboards
)
select dashboard_id, title, layout, filters, owner, is_shared, written_version, changed_by, changed_at, source, source_instance
from said
qualify row_number() over (partition by dashboard_id order by changed_at desc, source_instance desc, version desc) = 1
    and not is_deleted
