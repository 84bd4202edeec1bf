-- One row per version of a saved question, numbered as they were said, whoever said them; retired ones too.
-- written_version counts those that people wrote on pages: who changes a question tells the last one he saw.
-- grain: question_id, number
select question_id, row_number() over said as number, title, sql, parameters, chart, tags, owner, is_shared,
       is_deleted as is_retired, changed_by, changed_at, reason,
       coalesce(max(version) filter (where source = 'people') over said, 0) as written_version, source, source_instance
from questions
window said as (partition by question_id order by changed_at, source_instance, version)
