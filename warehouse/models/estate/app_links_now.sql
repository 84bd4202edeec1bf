-- One row per application and vendor thing that belongs to it: confirmed links, each with the id of the thing it found.
-- grain: app_id, kind, native_id, path_prefix
-- stored: yes
select app_id, kind, native_id, path_prefix, env_pattern, method, share_ratio, stated_as, is_found, declared_in, said_by,
       updated_at
from link_statements
where state = 'confirmed'
