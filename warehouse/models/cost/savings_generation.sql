-- An old generation: sizes, disks and families that have a successor with more for less. What it is the bill says (meter,
-- type, price details). The price of the successor is a part of the old one's, by list prices for on-demand use (AWS:
-- us-east-1, Azure: East US, Google: us-central1), so look the price of your region up before you change.
-- grain: subject_id, currency
-- check: saving_amount > 0 and saving_amount < base_cost
with successors as (
  from (values
    ('\bt2\.[a-z0-9]+', 'T2', 'T3', 0.90), ('\bm4\.[a-z0-9]+', 'M4', 'M5', 0.96), ('\bm3\.[a-z0-9]+', 'M3', 'M5', 0.72),
    ('\bc4\.[a-z0-9]+', 'C4', 'C5', 0.85), ('\bc3\.[a-z0-9]+', 'C3', 'C5', 0.81), ('\br4\.[a-z0-9]+', 'R4', 'R5', 0.95),
    ('\br3\.[a-z0-9]+', 'R3', 'R5', 0.76), ('\bi2\.[a-z0-9]+', 'I2', 'I3', 0.37),
    ('\b(ebs:volumeusage\.)?gp2\b', 'gp2 disk', 'gp3 disk', 0.80), ('\bn1[- ](predefined|standard|highmem|highcpu)', 'N1', 'E2', 0.71),
    ('\bd[0-9]+s? ?_?v2\b', 'Dv2', 'Dv5', 0.84), ('\bd[0-9]+s? ?_?v3\b', 'Dv3', 'Dv5', 0.99)
  ) t(pattern, old_name, new_name, price_ratio)
)
, cases as (
  select r.*, s.old_name, s.new_name, s.price_ratio
  from resource_costs r join successors s on regexp_matches(r.sku_words, s.pattern)
  where not r.is_commitment
  -- who has two old things on one resource is advised of what is less, so that nothing is promised that is not there
  qualify row_number() over (partition by r.provider, r.resource_id, r.currency order by s.price_ratio desc, s.old_name) = 1
)
select 'resource:' || resource_id as subject_id, within, resource_id, component_id, app_id, provider, currency,
       month_cost as base_cost, product_of(month_cost, 1 - price_ratio) as saving_amount, 0.7 as confidence_ratio,
       'low' as risk, 'medium' as effort, false as is_guarded,
       name || ' is of an old generation: ' || old_name as message,
       'Change it to ' || new_name || ' at the next maintenance; it restarts.' as suggestion,
       json_object('month_cost', round(month_cost, 2)::varchar, 'generation', old_name, 'successor', new_name,
                   'price_ratio', price_ratio::double, 'window_from', window_from_on::varchar,
                   'window_until', window_until_on::varchar)::varchar as evidence
from cases
