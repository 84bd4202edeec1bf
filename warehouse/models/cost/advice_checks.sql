-- One row per accepted piece of advice whose 30 days after acceptance the bill covers: what its subject cost in the 30 days
-- before the day of acceptance and in the 30 after it, and over how many days. Before, days count from its first charge on;
-- after, a day of the bill without a charge of it is a day of cost 0, so that what vanished costs nothing.
-- grain: advice_id
-- check: before_day_count between 1 and 30
with accepted as (
  select advice_id, subject_id, provider, currency, accepted_at::date as accepted_on from advice_now
  where type = 'cost' and state = 'accepted' and not is_deleted and accepted_at < utc_now() - interval 31 day
)
, covered as (
  select provider, day from cost_lines where day <= utc_now()::date
  union
  select 'kubernetes' as provider, day from cost_allocations where day <= utc_now()::date
)
, billed as (
  select a.advice_id, count(distinct c.day) filter (where c.day between a.accepted_on + 1 and a.accepted_on + 30) as after_day_count,
         max(c.day) as until_on
  from accepted a join covered c on c.provider = a.provider group by a.advice_id
)
, summed as (
  select a.advice_id, a.accepted_on, a.currency, min(d.day) as first_on,
         money_sum(case when d.day between a.accepted_on - 30 and a.accepted_on - 1 then d.effective_cost else 0 end) as before_cost,
         money_sum(case when d.day between a.accepted_on + 1 and a.accepted_on + 30 then d.effective_cost else 0 end) as after_cost,
         bool_and(d.effective_cost is not null) as is_told
  from accepted a join advice_days d on d.subject_id = a.subject_id and d.provider = a.provider and d.currency = a.currency
  where d.day <= a.accepted_on + 30
  group by a.advice_id, a.accepted_on, a.currency
)
select s.advice_id, s.accepted_on, s.currency, s.before_cost, least(30, s.accepted_on - s.first_on)::bigint as before_day_count,
       s.after_cost, b.after_day_count
from summed s join billed b on b.advice_id = s.advice_id
where b.until_on >= s.accepted_on + 30 and s.first_on < s.accepted_on and b.after_day_count > 0 and s.is_told
