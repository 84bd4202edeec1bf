-- Small functions that models and pages share.
create or replace macro status_rank(word) as
  case word when 'down' then 0 when 'degraded' then 1 when 'unknown' then 2 when 'maintenance' then 3 when 'healthy' then 4 else 2 end;
create or replace macro spoken_duration(seconds) as
  case when seconds < 120 then printf('%d s', seconds::bigint) when seconds < 7200 then printf('%d min', (seconds / 60)::bigint)
       when seconds < 172800 then printf('%d h', (seconds / 3600)::bigint) else printf('%d days', (seconds / 86400)::bigint) end;
-- Products of two wide decimals overflow, so both are narrowed first; a share is exact to six decimals.
create or replace macro share_of(amount, share) as
  case when share is null then amount else (amount::decimal(28, 10) * share::decimal(8, 6))::decimal(38, 18) end;
