-- One row per piece of advice on cost that stands: its newest version, how long it has been open, what was promised a month
-- and what came of it. counted_amount is the part of the saving that no other advice claims: sums take it alone, so
-- that nothing counts twice; of what is done, counted is what was realised. standing is the state, and of what is open whether
-- it is blocked or only an alternative.
-- grain: advice_id
-- check: days_open >= 0
-- check: (state = 'done') = (realised_amount is not null)
select advice_id, version, rule, state,
       case when state <> 'open' then state when alternative_to is not null then 'alternative' when blocked_by is not null then 'blocked'
            else 'open' end as standing, app_id, component_id, subject_id, provider, message, suggestion, risk, effort, priority,
       confidence_ratio, saving_amount as promised_amount,
       case when state = 'done' then realised_amount when alternative_to is null then coalesce(counted_amount, saving_amount)
            else 0 end as counted_amount,
       realised_amount, currency, blocked_by, alternative_to, opened_at, accepted_at, checked_on,
       date_diff('day', opened_at, case when state in ('accepted', 'done') then accepted_at when state = 'dismissed' then changed_at
                                        else utc_now() end) as days_open,
       changed_by, changed_at, reason, evidence, written_version, source_instance
from advice_now
where type = 'cost' and not is_deleted
