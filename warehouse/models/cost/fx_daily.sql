-- One row per pair of currencies and day: what one unit of `base` costs in `quote`, by the last rate known on that day,
-- which may be seven days old at most (rate_on). A rate that is told comes before the inverse of its opposite, and both
-- before one over a third currency (via); told_by says which: told, inverse or via. A day without a rate has no row.
-- grain: base, quote, day
-- check: rate_price > 0
-- check: day - rate_on between 0 and 7
-- check: told_by in ('told', 'inverse', 'via')
-- stored: yes
with both_ways as (
  select base, quote, day, rate_price, 'told' as told_by from fx_rates where rate_price > 0 and base <> quote
  union all by name
  select quote as base, base as quote, day, inverse_of(rate_price) as rate_price, 'inverse' as told_by
  from fx_rates where rate_price > 0 and base <> quote
)
, known as (
  select * from both_ways where rate_price > 0
  qualify row_number() over (partition by base, quote, day order by told_by = 'told' desc) = 1
)
, held as (
  select base, quote, day as rate_on, rate_price, told_by,
         unnest(generate_series(day, least(day + 7, coalesce(lead(day) over w - 1, day + 7)), interval 1 day))::date as day
  from known window w as (partition by base, quote order by day)
)
, every_way as (
  select base, quote, day, rate_price, rate_on, told_by, null as via from held
  union all by name
  select a.base, b.quote, a.day, converted(a.rate_price, b.rate_price) as rate_price,
         least(a.rate_on, b.rate_on) as rate_on, 'via' as told_by, a.quote as via
  from held a join held b on b.base = a.quote and b.day = a.day and b.quote <> a.base
)
select base, quote, day, rate_price, rate_on, told_by, via
from every_way
where rate_price > 0
qualify row_number() over (partition by base, quote, day order by told_by = 'via', rate_on desc, via) = 1
