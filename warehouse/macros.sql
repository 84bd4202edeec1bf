-- Small functions that models and pages share.
create or replace macro status_rank(word) as
  case word when 'down' then 0 when 'degraded' then 1 when 'unknown' then 2 when 'maintenance' then 3 when 'healthy' then 4 else 2 end;
create or replace macro spoken_duration(seconds) as
  case when seconds < 120 then printf('%d s', seconds::bigint) when seconds < 7200 then printf('%d min', (seconds / 60)::bigint)
       when seconds < 172800 then printf('%d h', (seconds / 3600)::bigint) else printf('%d days', (seconds / 86400)::bigint) end;
-- Products of two wide decimals overflow, so whole units and decimals are taken apart; a share is exact to six decimals.
create or replace macro share_of(amount, share) as
  case when share is null then amount
       else (trunc(amount)::decimal(20, 0) * share::decimal(8, 6))::decimal(38, 18)
          + ((amount - trunc(amount)::decimal(38, 18))::decimal(18, 18) * share::decimal(8, 6))::decimal(38, 18) end;
-- What a sample says of its component: the source's word, else healthy if anything was measured.
create or replace macro sample_state(word, a, b, c, d, e, f, g) as
  coalesce(word, case when coalesce(a, b, c, d, e, f, g) is null then 'unknown' else 'healthy' end);
