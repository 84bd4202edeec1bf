-- One row per use of a saved question: by a dashboard, by a rule (alert, scorecard or gate), or by an objective.
-- grain: question_id, used_as, used_by_id
with on_dashboards as (
  select dashboard_id, title, unnest(json_extract_string(try_cast(layout as json), '$.blocks[*].question')) as question_id
  from dashboards_now
)
select distinct question_id, 'dashboard' as used_as, dashboard_id as used_by_id, title as used_by
from on_dashboards where question_id is not null
union all
select question_id, purpose, rule_id, name from rules_now where question_id is not null
union all
select question_id, 'objective', slo_id, name from slos_now where question_id is not null
