-- One row per application and field that people own: its value, who says so, when it was last confirmed, and whether it
-- is due to be confirmed again. A conflict is an edit that was made over another value than the one declared now.
-- Ownership, tier, lifecycle and runbook are due after 180 days, anything else after a year.
-- grain: app_id, field
-- check: origin in ('edit', 'file', 'catalog', 'source', 'nobody')
with ranked as (
  select *, declared_rank(source) as rank,
         row_number() over (partition by app_id order by declared_rank(source), updated_at desc, source_instance) as place
  from applications
)
, as_json as (
  select app_id, source, source_instance, declared_in, updated_at, rank, place,
         to_json(name)::varchar as name, to_json(nullif(type, 'unknown'))::varchar as type,
         to_json(nullif(env_tier, 'unknown'))::varchar as env_tier, to_json(nullif(lifecycle, 'unknown'))::varchar as lifecycle,
         to_json(tier)::varchar as tier, to_json(description)::varchar as description, to_json(domain)::varchar as domain,
         to_json(product)::varchar as product, to_json(stack_frontend)::varchar as stack_frontend,
         to_json(stack_backend)::varchar as stack_backend, to_json(stack_database)::varchar as stack_database,
         to_json(stack_infrastructure)::varchar as stack_infrastructure, to_json(product_owner)::varchar as product_owner,
         to_json(lead_developer)::varchar as lead_developer, to_json(qa_lead)::varchar as qa_lead,
         to_json(devops)::varchar as devops, to_json(team_id)::varchar as team_id,
         to_json(runbook_url)::varchar as runbook_url, plain_json(links) as links,
         plain_json(tags) as tags, to_json(rpo_s)::varchar as rpo_s,
         to_json(rto_s)::varchar as rto_s
  from ranked
)
, told as (
  select app_id, field, value, source, source_instance, declared_in, updated_at, rank
  from as_json unpivot (value for field in (name, type, env_tier, lifecycle, tier, description, domain, product,
    stack_frontend, stack_backend, stack_database, stack_infrastructure, product_owner, lead_developer, qa_lead, devops,
    team_id, runbook_url, links, tags, rpo_s, rto_s))
  where value not in ('null', '[]', '{}')
  qualify row_number() over (partition by app_id, field order by place) = 1
)
, said as (
  select entity_id as app_id, field, action, plain_json(before) as before, plain_json(after) as after, changed_by,
         changed_at, edit_id
  from edits
  where entity_type = 'app' and field not like 'link:%' and (action <> 'set' or json_valid(after))
)
, edited as (
  select * from said where action in ('set', 'revert')
  qualify row_number() over (partition by app_id, field order by changed_at desc, edit_id desc) = 1 and action = 'set'
)
, last_edits as (
  select app_id, field, edit_id from said where action in ('set', 'revert')
  qualify row_number() over (partition by app_id, field order by changed_at desc, edit_id desc) = 1
)
, confirmed as (
  select app_id, field, max_by(changed_by, changed_at) as changed_by, max(changed_at) as changed_at
  from said group by app_id, field
)
, weighed as (
  -- an edit made over an earlier one was still made in the knowledge of what was declared then
  select app_id, field, list(before) as values from said where action = 'set' group by app_id, field
)
, fields as (
  select unnest(['name', 'type', 'env_tier', 'lifecycle', 'tier', 'description', 'domain', 'product', 'stack_frontend',
                 'stack_backend', 'stack_database', 'stack_infrastructure', 'product_owner', 'lead_developer', 'qa_lead',
                 'devops', 'team_id', 'runbook_url', 'links', 'tags', 'rpo_s', 'rto_s']) as field
)
, every_field as (
  select a.app_id, f.field,
         case when f.field in ('product_owner', 'lead_developer', 'qa_lead', 'devops', 'team_id', 'tier', 'lifecycle',
                               'runbook_url') then 180 else 365 end as due_after_days
  from applications_now a cross join fields f
)
, joined as (
  select e.app_id, e.field, nullif(case when d.field is not null then d.after else t.value end, 'null') as value,
         case when d.field is not null then 'edit' when t.field is null then 'nobody'
              else ['edit', 'file', 'catalog', 'source'][t.rank + 1] end as origin,
         case when d.field is not null then d.changed_by else t.source_instance end as said_by,
         case when d.field is not null then d.changed_at else t.updated_at end as said_at,
         t.value as declared_value, t.declared_in, d.before as edited_before, le.edit_id as last_edit_id,
         case when c.changed_at is null or (t.updated_at > c.changed_at and d.field is null) then t.source_instance
              else c.changed_by end as confirmed_by,
         case when d.field is null then greatest(c.changed_at, t.updated_at) else c.changed_at end as confirmed_at,
         coalesce(d.field is not null and t.value <> d.after and not coalesce(list_contains(w.values, t.value), false),
                  false) as is_conflict,
         e.due_after_days
  from every_field e
  left join told t on t.app_id = e.app_id and t.field = e.field
  left join edited d on d.app_id = e.app_id and d.field = e.field
  left join last_edits le on le.app_id = e.app_id and le.field = e.field
  left join confirmed c on c.app_id = e.app_id and c.field = e.field
  left join weighed w on w.app_id = e.app_id and w.field = e.field
)
select app_id, field, value, origin, said_by, said_at, declared_value, declared_in, edited_before, last_edit_id, confirmed_by,
       confirmed_at, is_conflict, due_after_days,
       value is not null and confirmed_at < utc_now() - to_days(due_after_days) as is_due
from joined
