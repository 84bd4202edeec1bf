-- One row per piece of advice as it stands: its newest version, whoever wrote it, with what its evidence says of its
-- subject. written_version counts the versions of Aurora and of people, which follow one another; what is withdrawn
-- (is_deleted) has a row too, since it may come back.
-- grain: advice_id
with written as (
  select advice_id, max(version) filter (where source in ('aurora', 'people')) as written_version, min(changed_at) as opened_at,
         max(changed_at) filter (where state = 'accepted') as accepted_at
  from advice group by advice_id
  -- what only tells that it is done was advised by a source that is gone
  having bool_or(state <> 'done')
)
select a.advice_id, a.version, a.type, a.rule, a.app_id, a.component_id, a.priority, a.message, a.suggestion, a.evidence,
       a.confidence_ratio, a.expected_gain, a.saving_amount, a.realised_amount, a.currency, a.effort, a.risk, a.blocked_by,
       a.state, a.checked_on, a.changed_by, a.changed_at, a.reason, a.is_deleted, a.source_instance,
       coalesce(w.written_version, 0) as written_version, w.opened_at,
       case when a.state in ('accepted', 'done') then w.accepted_at end as accepted_at,
       json_field(a.evidence, 'subject') as subject_id, json_field(a.evidence, 'provider') as provider,
       json_field(a.evidence, 'alternative_to') as alternative_to, try_cast(json_field(a.evidence, 'counted_amount') as decimal(38, 18)) as counted_amount
from advice a join written w on w.advice_id = a.advice_id
qualify row_number() over (partition by a.advice_id order by a.changed_at desc, a.version desc, a.source_instance) = 1
