-- One row per project of an error tracker whose application has one store listing only: its rows are that listing's.
-- grain: project_id
-- stored: yes
select p.native_id as project_id, min(m.listing_id) as listing_id
from app_links_now p
join app_links_now s on s.app_id = p.app_id and s.kind = 'store_app'
join mobile_listings m on m.store_app_id = s.native_id
where p.kind in ('project', 'firebase_app')
group by p.native_id having count(distinct m.listing_id) = 1
