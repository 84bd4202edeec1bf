-- One row per rule as it stands: its newest version, unless deleted, with the SQL of its question and how it was last asked.
-- grain: rule_id
with newest as (
  select *, coalesce(max(version) filter (where source = 'people') over (partition by rule_id), 0) as written_version
  from rules
  qualify row_number() over (partition by rule_id order by changed_at desc, version desc, source_instance) = 1
)
, asked as (
  select stream, max(started_at) as asked_at, max_by(status, started_at) as asked_status,
         max_by({'said': error}, started_at).said as fault
  from sync_runs
  where part_month >= date_trunc('month', utc_now() - interval 35 day)::date and source_instance = 'aurora'
    and stream like 'rule %'
  group by stream
)
select r.rule_id, r.purpose, r.name, r.kind, r.question_id, q.title as question_title,
       case when r.question_id is null then r.sql else q.sql end as sql, q.parameters, r.warn, r.critical, r.for_s, r.every_s,
       r.severity, r.scope, r.route, r.is_enabled, r.declared_in, r.written_version, r.changed_by, r.changed_at, a.asked_at,
       a.asked_status, a.fault, r.source, r.source_instance
from newest r
left join questions_now q on q.question_id = r.question_id
left join asked a on a.stream = 'rule ' || r.rule_id
where not r.is_deleted
