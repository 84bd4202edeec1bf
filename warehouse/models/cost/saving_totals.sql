-- One row per currency: what advice on cost promises a month, what of it is blocked, accepted and done, and what was
-- realised of what was promised. Alternatives are in no sum.
-- grain: currency
select currency, count(*) filter (where standing = 'open') as open_count, count(*) filter (where standing = 'blocked') as blocked_count,
       count(*) filter (where standing = 'accepted') as accepted_count, count(*) filter (where standing = 'done') as done_count,
       money_sum(case when standing = 'open' then counted_amount else 0 end) as promised_amount,
       money_sum(case when standing = 'blocked' then counted_amount else 0 end) as held_back_amount,
       money_sum(case when standing = 'accepted' then counted_amount else 0 end) as awaited_amount,
       money_sum(case when standing = 'done' then realised_amount else 0 end) as realised_amount,
       money_sum(case when standing = 'done' then promised_amount else 0 end) as promised_of_done_amount
from savings where currency is not null group by currency
