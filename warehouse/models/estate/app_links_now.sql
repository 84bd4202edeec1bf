-- One row per application and vendor thing as it stands: the last version of each link that was not deleted.
-- grain: app_id, kind, native_id, path_prefix
select app_id, kind, native_id, path_prefix, env_pattern, is_pattern, method, state, confidence_ratio, share_ratio, updated_at
from app_links
qualify row_number() over (partition by app_id, kind, native_id, path_prefix order by version desc) = 1
    and not is_deleted
