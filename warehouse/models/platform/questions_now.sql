-- One row per saved question as it stands: its newest version, unless that retired it.
-- grain: question_id
-- stored: yes
select question_id, title, sql, parameters, chart, tags, owner, is_shared, number as version, written_version,
       min(changed_at) over (partition by question_id) as created_at, changed_by, changed_at, source, source_instance
from question_versions
qualify row_number() over (partition by question_id order by number desc) = 1 and not is_retired
