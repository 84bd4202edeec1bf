-- One row per application and the scope whose figures it is in: itself, and its team.
-- grain: scope_type, scope_id, app_id
select 'app' as scope_type, app_id as scope_id, app_id from applications_now where coalesce(lifecycle, '') <> 'retired'
union all
select 'team' as scope_type, team_id as scope_id, app_id from applications_now
where team_id is not null and coalesce(lifecycle, '') <> 'retired'
