-- One row per application as it stands, merged by field: edits of people, then files of applications, then catalogs,
-- then what sources and imports told.
-- grain: app_id
-- stored: yes
with edited as (
  select entity_id as app_id, field, after, changed_at
  from edits
  where entity_type = 'app' and field not like 'link:%' and (action = 'revert' or (action = 'set' and json_valid(after)))
  qualify row_number() over (partition by entity_id, field order by changed_at desc, edit_id desc) = 1 and action = 'set'
)
, told as (
  -- nothing in a list says nothing, so that the next place may
  select * replace (nullif(stack_frontend, []) as stack_frontend, nullif(stack_backend, []) as stack_backend,
                    nullif(stack_database, []) as stack_database, nullif(stack_infrastructure, []) as stack_infrastructure,
                    nullif(nullif(links, '{}'), 'null') as links, nullif(nullif(tags, '{}'), 'null') as tags),
         row_number() over (partition by app_id order by declared_rank(source), updated_at desc, source_instance) as place
  from applications
)
, declared as (
  select app_id, min_by(name, place) as name, min_by(nullif(type, 'unknown'), place) as type,
         min_by(type_raw, place) as type_raw, min_by(nullif(env_tier, 'unknown'), place) as env_tier,
         min_by(nullif(lifecycle, 'unknown'), place) as lifecycle, min_by(tier, place) as tier,
         min_by(description, place) as description, min_by(domain, place) as domain, min_by(product, place) as product,
         min_by(stack_frontend, place) as stack_frontend, min_by(stack_backend, place) as stack_backend,
         min_by(stack_database, place) as stack_database, min_by(stack_infrastructure, place) as stack_infrastructure,
         min_by(product_owner, place) as product_owner, min_by(lead_developer, place) as lead_developer,
         min_by(qa_lead, place) as qa_lead, min_by(devops, place) as devops, min_by(team_id, place) as team_id,
         min_by(runbook_url, place) as runbook_url, min_by(links, place) as links, min_by(tags, place) as tags,
         min_by(rpo_s, place) as rpo_s, min_by(rto_s, place) as rto_s, min_by(declared_in, place) as declared_in,
         max(updated_at) as updated_at, min_by(source, place) as source, min_by(source_instance, place) as source_instance
  from told group by app_id
)
, edits_of as (
  select app_id, max(changed_at) as edited_at, map_from_entries(list((field, after))) as said from edited group by app_id
)
, joined as (
  select coalesce(d.app_id, e.app_id) as app_id, coalesce(e.said, map()) as said, e.edited_at, d.* exclude (app_id)
  from declared d full join edits_of e on e.app_id = d.app_id
)
select app_id,
       coalesce(chosen(said, 'name', name), app_id) as name, coalesce(chosen_word(said, 'type', type,
         ['web', 'mobile_ios', 'mobile_android', 'desktop', 'api', 'microservice', 'unknown']), 'unknown') as type, type_raw,
       coalesce(chosen_word(said, 'env_tier', env_tier, ['production', 'staging', 'testing', 'development', 'unknown']),
                'unknown') as env_tier,
       chosen_word(said, 'lifecycle', lifecycle, ['planned', 'active', 'deprecated', 'retired', 'unknown']) as lifecycle,
       case when said['tier'] is null then tier else try_cast(chosen(said, 'tier', null) as bigint) end as tier,
       chosen(said, 'description', description) as description, chosen(said, 'domain', domain) as domain,
       chosen(said, 'product', product) as product, chosen_list(said, 'stack_frontend', stack_frontend) as stack_frontend,
       chosen_list(said, 'stack_backend', stack_backend) as stack_backend,
       chosen_list(said, 'stack_database', stack_database) as stack_database,
       chosen_list(said, 'stack_infrastructure', stack_infrastructure) as stack_infrastructure,
       chosen(said, 'product_owner', product_owner) as product_owner,
       chosen(said, 'lead_developer', lead_developer) as lead_developer, chosen(said, 'qa_lead', qa_lead) as qa_lead,
       chosen(said, 'devops', devops) as devops, chosen(said, 'team_id', team_id) as team_id,
       chosen(said, 'runbook_url', runbook_url) as runbook_url, chosen_map(said, 'links', links) as links,
       chosen_map(said, 'tags', tags) as tags, chosen_seconds(said, 'rpo_s', rpo_s) as rpo_s,
       chosen_seconds(said, 'rto_s', rto_s) as rto_s, declared_in,
       greatest(updated_at, edited_at) as updated_at, coalesce(source, 'people') as source,
       coalesce(source_instance, 'people') as source_instance
from joined
-- `untagged` is what the costs of nobody stand under, so no application can be called that; an entity that only has
-- edits is an application once somebody named it
where app_id <> 'untagged' and (source is not null or chosen(said, 'name', null) is not null)
