-- One row per store review and theme that it speaks of, and one with the theme '' for the review itself, of the 190 days
-- before the newest landing (two ranges of 90 days). Working out themes takes the time of reading every text, so it is done
-- once for a landing. Country, language and version are '' where they are not known.
-- grain: review_id, theme
-- stored: yes
with span as (
  select (max(ingested_at) - interval 190 day)::date as since_on, max(ingested_at)::date + 1 as until_on from store_reviews
)
, months as (
  -- joined, not compared: so only the files of these months are opened
  select unnest(generate_series(date_trunc('month', since_on), until_on::timestamp, interval 1 month))::date as month_on from span
)
, told as (
  select r.review_id, a.listing_id, r.created_at::date as day, coalesce(r.country, '') as country,
         coalesce(r.version, '') as version, coalesce(review_language(r.language, r.title, r.body), '') as language,
         case when r.rating between 1 and 5 then r.rating end as rating, r.replied_at is not null as is_replied,
         review_words(r.title, r.body) as words
  from store_reviews r
  join months m on m.month_on = r.part_month
  join store_review_apps a on a.store_app_id = r.store_app_id and a.is_counted
  cross join span s
  where r.deleted_seen_at is null and r.created_at >= s.since_on and r.created_at < s.until_on
)
select review_id, unnest(list_concat([''], review_themes(rating, words, language))) as theme, listing_id, day, country,
       language, version, rating, is_replied
from told
