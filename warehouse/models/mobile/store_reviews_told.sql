-- One row per store review that counts and stands: its listing and application, its language as the store tells it or by
-- its script, what it speaks of (themes of warehouse/review_themes.toml) and how (stars, else words: review_sentiment).
-- Themes and words are worked out for the rows that are asked for: take the newest rows first, then their themes.
-- grain: review_id
-- check: rating is null or rating between 1 and 5
-- check: reply_age_s is null or reply_age_s >= 0
with told as (
  select r.*, case when r.rating between 1 and 5 then r.rating end as stars,
         review_language(r.language, r.title, r.body) as spoken_in, review_words(r.title, r.body) as words
  from store_reviews r where r.deleted_seen_at is null
)
select t.review_id, a.listing_id, a.app_id, a.store_app, a.platform, t.country, t.spoken_in as language,
       t.language is not null as is_language_told, t.stars as rating, t.stars <= 2 as is_low, t.title, t.body, t.version,
       t.device_model, t.created_at, t.updated_at, t.replied_at is not null as is_replied, t.replied_at, t.reply_body,
       case when t.replied_at >= t.created_at then date_diff('second', t.created_at, t.replied_at) end as reply_age_s,
       review_themes(t.stars, t.words, t.spoken_in) as themes, review_sentiment(t.stars, t.words, t.spoken_in) as sentiment,
       t.words, t.source_instance, t.part_month
from told t join store_review_apps a on a.store_app_id = t.store_app_id and a.is_counted
