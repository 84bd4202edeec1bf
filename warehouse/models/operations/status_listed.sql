-- One row per application that the status page lists: in production or of unknown stage, neither planned nor retired.
-- grain: app_id
select app_id, name, source_instance from applications_now
where env_tier in ('production', 'unknown') and coalesce(lifecycle, 'active') not in ('planned', 'retired')
