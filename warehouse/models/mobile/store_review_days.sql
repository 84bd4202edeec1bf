-- One row per listing, day, theme, country, language, version, rating and whether it was answered: how many reviews, of the
-- 190 days before the newest landing (two ranges of 90 days). Theme '' counts each review once, a theme those that speak
-- of it; country, language and version are '' where they are not known.
-- grain: listing_id, day, theme, country, language, version, rating, is_replied
-- check: review_count > 0
-- stored: yes
with span as (
  select (max(ingested_at) - interval 190 day)::date as since_on, max(ingested_at)::date + 1 as until_on from store_reviews
)
, months as (
  -- joined, not compared: so only the files of these months are opened
  select unnest(generate_series(date_trunc('month', since_on), until_on::timestamp, interval 1 month))::date as month_on from span
)
, told as (
  select a.listing_id, r.created_at::date as day, coalesce(r.country, '') as country, coalesce(r.version, '') as version,
         coalesce(review_language(r.language, r.title, r.body), '') as language,
         case when r.rating between 1 and 5 then r.rating end as rating, r.replied_at is not null as is_replied,
         review_words(r.title, r.body) as words
  from store_reviews r
  join months m on m.month_on = r.part_month
  join store_review_apps a on a.store_app_id = r.store_app_id and a.is_counted
  cross join span s
  where r.deleted_seen_at is null and r.created_at >= s.since_on and r.created_at < s.until_on
)
, spoken as (
  select listing_id, day, unnest(list_concat([''], review_themes(rating, words, language))) as theme, country, language,
         version, rating, is_replied
  from told
)
select listing_id, day, theme, country, language, version, rating, is_replied, count(*)::bigint as review_count
from spoken group by all
