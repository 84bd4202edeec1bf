-- One row per application as it stands: what people declared wins over what catalogs and sources told.
-- grain: app_id
select app_id, name, type, env_tier, lifecycle, tier, description, domain, product, stack_frontend, stack_backend,
       stack_database, stack_infrastructure, product_owner, lead_developer, qa_lead, devops, team_id, runbook_url,
       links, tags, rpo_s, rto_s, declared_in, updated_at, source, source_instance
from applications
qualify row_number() over (partition by app_id order by source = 'people' desc, updated_at desc, source_instance) = 1
