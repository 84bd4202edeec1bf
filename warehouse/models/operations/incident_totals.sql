-- One row for a span: incidents that began in it, how many of them were severe, how long it took to acknowledge and to end
-- them (medians), and how many were open at its end. Null: none began, or nothing is told.
-- grain: since_at
-- takes: since, until
select since as since_at,
       exists(select 1 from incidents where started_at < until)
         or exists(select 1 from sync_runs where stream = 'incidents' and status = 'success' and started_at < until) as is_told,
       count(*) filter (where is_new) as incident_count,
       count(*) filter (where is_new and severity in ('critical', 'high')) as severe_count,
       count(*) filter (where is_lasting) as open_count,
       median(acknowledged_in_s) filter (where is_new) as acknowledged_median_s,
       median(resolved_in_s) filter (where is_new and not is_lasting) as resolved_median_s,
       sum(lasted_s) as lasted_s, count(*) filter (where is_new and caused_by_deployment_id is not null) as by_deployment_count
from incidents_over(since := since, until := until)
