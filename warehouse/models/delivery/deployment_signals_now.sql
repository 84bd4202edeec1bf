-- One row per deployment, kind and subject: what a person last said of that sign of a failure.
-- grain: deployment_id, kind, subject_id
with last_words as (
  from deployment_signals
  qualify row_number() over (partition by deployment_id, kind, subject_id order by version desc, changed_at desc) = 1
)
select deployment_id, kind, subject_id, rule, confidence_ratio, verdict, reason, changed_by, changed_at, version
from last_words where not is_deleted
