-- One row per listing, day, theme, country, language, version, rating and whether it was answered: how many reviews, of the
-- days of store_review_themes. Theme '' counts each review once, a theme those that speak of it; country, language and
-- version are '' where they are not known.
-- grain: listing_id, day, theme, country, language, version, rating, is_replied
-- check: review_count > 0
-- stored: yes
select listing_id, day, theme, country, language, version, rating, is_replied, count(*)::bigint as review_count
from store_review_themes
group by all
