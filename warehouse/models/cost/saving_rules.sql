-- One row per rule of advice on cost and currency: how many pieces are open, accepted, dismissed and done, and how sure the
-- rule was so far: realised against promised, of what the bill was asked about.
-- grain: rule, currency
select rule, currency, count(*) filter (where state = 'open') as open_count, count(*) filter (where state = 'accepted') as accepted_count,
       count(*) filter (where state = 'dismissed') as dismissed_count, count(*) filter (where state = 'done') as done_count,
       money_sum(case when state = 'done' then promised_amount end) as promised_amount,
       money_sum(case when state = 'done' then realised_amount end) as realised_amount,
       sum(realised_amount::double) filter (where state = 'done')
         / nullif(sum(promised_amount::double) filter (where state = 'done'), 0) as kept_ratio
from savings group by rule, currency
