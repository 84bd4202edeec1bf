-- Small functions that models and pages share.
create or replace macro status_rank(word) as
  case word when 'down' then 0 when 'degraded' then 1 when 'unknown' then 2 when 'maintenance' then 3 when 'healthy' then 4 else 2 end;
create or replace macro spoken_duration(seconds) as
  case when seconds < 120 then printf('%d s', seconds::bigint) when seconds < 7200 then printf('%d min', (seconds / 60)::bigint)
       when seconds < 172800 then printf('%d h', (seconds / 3600)::bigint) else printf('%d days', (seconds / 86400)::bigint) end;
-- Products of two wide decimals overflow, so whole units and decimals are taken apart; a share is exact to six decimals.
create or replace macro share_of(amount, share) as
  case when share is null then amount
       else (trunc(amount)::decimal(20, 0) * share::decimal(8, 6))::decimal(38, 18)
          + ((amount - trunc(amount)::decimal(38, 18))::decimal(18, 18) * share::decimal(8, 6))::decimal(38, 18) end;
-- An equal part of money, exact to the last decimal and rounded towards zero; both are hugeint: amount in units of it.
create or replace macro units_of(amount) as
  trunc(amount)::decimal(20, 0)::hugeint * 1000000000000000000::hugeint
    + ((amount - trunc(amount)::decimal(38, 18))::decimal(18, 18)::varchar).replace('.', '')::hugeint;
create or replace macro part_of(amount, parts) as
  (units_of(amount) // parts // 1000000000000000000)::decimal(38, 18)
    + (units_of(amount) // parts % 1000000000000000000)::decimal(18, 0) * 0.000000000000000001::decimal(18, 18);
-- What a sample says of its component: the source's word, else healthy if anything was measured.
create or replace macro sample_state(word, a, b, c, d, e, f, g) as
  coalesce(word, case when coalesce(a, b, c, d, e, f, g) is null then 'unknown' else 'healthy' end);
-- The worst status of a span by the seconds spent in each state; where nothing was bad and over half is not known: unknown.
create or replace macro day_status(healthy_s, degraded_s, down_s, maintenance_s, unknown_s) as
  case when down_s > 0 then 'down' when degraded_s > 0 then 'degraded'
       when unknown_s > healthy_s + maintenance_s or healthy_s + maintenance_s = 0 then 'unknown'
       when maintenance_s > 0 then 'maintenance' else 'healthy' end;
-- Which declaration of a field counts first: files of applications, then catalogs, then what sources and imports told.
create or replace macro declared_rank(source) as
  case source when 'people' then 0 when 'registry' then 1 when 'backstage' then 2 else 3 end;
-- An address as it is compared: without scheme, sign-in, port of ssh, `.git` and a slash at its end, in lower case.
create or replace macro plain_url(address) as
  regexp_replace(regexp_replace(regexp_replace(regexp_replace(lower(trim(address)),
    '^ssh://([^/@]*@)?([^/:]+)(:[0-9]+)?/', '\2/'), '^([a-z+]+://)?([^/@]*@)?', ''),
    '^([^/:]+):([^0-9])', '\1/\2'), '(\.git)?/*$', '');
-- Whether text is a regular expression; null for null.
create or replace macro is_regexp(pattern) as
  case when pattern is not null then try(regexp_matches('', pattern)) is not null end;
-- Text in lower case that all that a regular expression matches holds: its start, '' where that cannot be told simply.
create or replace macro literal_start(pattern) as
  case when contains(pattern, '|') then ''
       else lower(regexp_replace(regexp_replace(
              regexp_extract(pattern, '^(\^|\.[*+])*((?:[A-Za-z0-9_:/@ -]|\\[^A-Za-z0-9])*[?*{]?)', 2),
              '(\\?.)?[?*{]$', ''), '\\(.)', '\1', 'g')) end;
-- The words of a name by which things are matched, without those that say nothing.
create or replace macro telling_words(name) as
  list_distinct(list_filter(regexp_split_to_array(lower(name), '[^a-z0-9]+'), lambda w: length(w) > 1 and w not in
    ('api', 'app', 'apps', 'service', 'services', 'web', 'prod', 'production', 'staging', 'server', 'db', 'database',
     'frontend', 'backend', 'com', 'www', 'http', 'https', 'io', 'git', 'the', 'and', 'main', 'default', 'demo')));
-- JSON of a tag object as ['tag:k=v', ...]; a key is asked for as a JSON pointer, since it may hold dots and quotes.
create or replace macro tag_marks(tags) as
  case when tags is null or not json_valid(tags) or json_type(tags) <> 'OBJECT' then []
       else list_transform(json_keys(tags), lambda k: 'tag:' || k || '=' || coalesce(
              json_extract_string(tags, '/' || replace(replace(k, '~', '~0'), '/', '~1')), '')) end;
-- The stage that a word for an environment means, null if it is none that people use for one.
create or replace macro stage_of(word) as
  case when regexp_matches(lower(word), '^(prod|prd|production|live)([-_0-9].*)?$') then 'production'
       when regexp_matches(lower(word), '^(stag|stg|staging|stage|uat|preprod|pre-prod|preproduction)([-_0-9].*)?$') then 'staging'
       when regexp_matches(lower(word), '^(test|testing|qa|ci)([-_0-9].*)?$') then 'testing'
       when regexp_matches(lower(word), '^(dev|development|sandbox|local|devel)([-_0-9].*)?$') then 'development' end;
-- The stage that a tag of a charge states: env, environment or stage, however it is written.
create or replace macro tag_environment(tags) as
  list_first(list_filter(list_transform(
    list_filter(tag_marks(tags), lambda m: regexp_matches(lower(m), '^tag:([a-z0-9_.:-]*[:/_.-])?(env|environment|stage)=')),
    lambda m: stage_of(regexp_extract(m, '=(.*)$', 1))), lambda w: w is not null));
-- The application that a charge states itself, in its tag `aurora:app`; null where a mark is another one.
create or replace macro stated_app(mark) as
  case when starts_with(mark, 'tag:aurora:app=') and mark <> 'tag:aurora:app=untagged' then nullif(substr(mark, 16), '') end;
-- A field after the edits of people: what they set last (JSON null = cleared), else what was declared.
create or replace macro chosen(said, field, declared) as
  case when said[field] is null then declared
       when json_type(said[field]) in ('OBJECT', 'ARRAY') then said[field] else said[field]->>'$' end;
create or replace macro chosen_list(said, field, declared) as
  case when said[field] is null then declared else try_cast(from_json(said[field], '["VARCHAR"]') as varchar[]) end;
create or replace macro chosen_word(said, field, declared, words) as
  case when chosen(said, field, declared) is null or list_contains(words, chosen(said, field, declared))
       then chosen(said, field, declared) else declared end;
create or replace macro chosen_map(said, field, declared) as
  case when said[field] is null then declared when json_type(said[field]) = 'OBJECT' then said[field] end;
create or replace macro chosen_seconds(said, field, declared) as
  case when said[field] is null then declared
       when try_cast(chosen(said, field, null) as double) between 0 and 1e12 then try_cast(chosen(said, field, null) as double) end;
-- JSON in the one spelling by which values are compared; null for what is none.
create or replace macro plain_json(value) as case when json_valid(value) then json(value)::varchar end;
-- Money times a number, exact to six decimals of the number; null where the product is too large to be an amount.
create or replace macro product_of(amount, factor) as
  try_cast(trunc(amount)::decimal(20, 0) * try_cast(factor as decimal(18, 6)) as decimal(38, 18))
    + try_cast((amount - trunc(amount)::decimal(38, 18))::decimal(18, 18) * try_cast(factor as decimal(18, 6)) as decimal(38, 18));
-- Whether a path lies in a folder of a link; a path that nobody told lies in each.
create or replace macro in_folder(path, folder) as
  folder = '' or path is null or starts_with(path || '/', rtrim(folder, '/') || '/');
-- JSON as it is read in a sentence: text without quotes, a list with commas, nothing in a word; at most 80 characters.
create or replace macro spoken_json(value) as
  coalesce(nullif(left(case when value is null then null when not json_valid(value) then value
                            when json_type(value) = 'ARRAY' then array_to_string(json_extract_string(value, '$[*]'), ', ')
                            else value->>'$' end, 80), ''), 'nothing');
-- An edit in words: `tier: 2 -> 1`, `repository git:x linked`; what is not of an application says whose it is.
create or replace macro spoken_edit(entity_type, entity_id, field, action, before, after) as
  case when entity_type = 'app' then '' else entity_type || ' ' || entity_id || ', ' end ||
  case when field like 'link:%' and action = 'set' and json_valid(after) and after->>'kind' is not null
            and after->>'native_id' is not null
       then replace(after->>'kind', '_', ' ') || ' ' || (after->>'native_id')
            || case after->>'state' when 'rejected' then ' not linked' when 'confirmed' then ' linked' else ' suggested' end
       when action = 'set' then field || ': ' || spoken_json(before) || ' -> ' || spoken_json(after)
       when action = 'confirm' then field || ': confirmed'
       else field || ': as the sources say again' end;
-- A sum of money, whole units and decimals taken apart; null where it is too large to be an amount, instead of a failure.
create or replace macro money_sum(amount) as
  try_cast(sum(trunc(amount)::decimal(20, 0)) as decimal(38, 18)) + sum((amount - trunc(amount)::decimal(38, 18))::decimal(18, 18));
-- What was reckoned as a number, as money with four decimals: a cast to eighteen would show the number's own rounding.
create or replace macro estimated_amount(number) as try_cast(try_cast(number as decimal(24, 4)) as decimal(38, 18));
-- True if an instant lies in one of the spans (a list of {starts_at, ends_at}, null for none).
create or replace macro is_within(instant, spans) as
  spans is not null and len(list_filter(spans, lambda s: instant >= s.starts_at and instant < s.ends_at)) > 0;
-- A quantile sketch (DDSketch, Masson et al., VLDB 2019): a value falls into bucket ceil(log(value) / log(1.02)), so that the
-- middle of its bucket is within 1 % of it. Kept as one integer a bucket, bucket * 2^32 + count; bucket 0 holds zeros.
create or replace macro sketch_key(value) as
  case when value is null then null when value < 1e-9 then 0::bigint else 2048 + ceil(ln(value) / ln(1.02))::bigint end;
create or replace macro sketch_of_one(value) as
  case when value is not null then [sketch_key(value) * 4294967296 + 1] end;
create or replace macro sketch_middle(bucket) as case when bucket = 0 then 0.0 else 2 * pow(1.02, bucket - 2048) / 2.02 end;
-- The value below which a share of what several sketches counted lies (nearest rank), within 1 %; null if they counted nothing.
create or replace macro sketch_entries(sketches) as list_sort(flatten(list_filter(sketches, lambda s: s is not null)));
create or replace macro sketch_quantile(sketches, share) as
  sketch_middle(nullif(list_reduce(sketch_entries(sketches), lambda seen, e:
      case when seen.n >= seen.wanted then seen
           else {'n': seen.n + e % 4294967296, 'k': e // 4294967296, 'wanted': seen.wanted} end,
    {'n': 0::bigint, 'k': -1::bigint,
     'wanted': share * list_sum(list_transform(sketch_entries(sketches), lambda e: e % 4294967296))}).k, -1));
-- Until when samples are rolled up to hours, whole hours of all components; publishing writes the instant in its place.
create or replace macro rolled_until() as timestamp '1970-01-01';
-- From when on samples are read in a question of intervals of step_s seconds.
create or replace macro rolled_for(step_s) as
  case when step_s >= 86400 then date_trunc('day', rolled_until()) when step_s >= 3600 then rolled_until() else timestamp '1970-01-01' end;
-- How long after a deployment an incident without a stated cause is put down to it.
create or replace macro dora_incident_window() as interval 24 hour;
-- Money in whole units of 1e-18 and back, so that it can be divided exactly; null where it is too large.
create or replace macro money_units(amount) as
  try(trunc(amount)::decimal(20, 0)::hugeint * 1000000000000000000::hugeint
    + ((amount - trunc(amount)::decimal(38, 18))::decimal(18, 18) * 1000000000000000000::decimal(19, 0))::hugeint);
create or replace macro units_money(units) as
  try_cast(units::hugeint // 1000000000000000000::hugeint as decimal(38, 18))
    + ((units::hugeint % 1000000000000000000::hugeint)::decimal(18, 0) * 0.000000000000000001::decimal(18, 18))::decimal(38, 18);
-- Money for each of a number of things (which may be a mean, exact to six decimals); null where there are none.
create or replace macro money_per(amount, number) as
  case when number > 0
       then try(units_money(money_units(amount) * 1000000::hugeint // nullif((number::decimal(38, 6) * 1000000::decimal(7, 0))::hugeint, 0))) end;
-- What a unit of the other currency costs, to 18 decimals; null where there is no rate.
create or replace macro inverse_of(rate) as
  case when rate > 0
       then try(units_money((1000000000000000000::hugeint * 1000000000000000000::hugeint + money_units(rate) // 2)
                            // money_units(rate))) end;
-- Money times a rate, both with all their decimals; null where it is too large to be an amount.
create or replace macro converted(amount, rate) as
  try(try_cast(trunc(amount)::decimal(20, 0)::hugeint * trunc(rate)::decimal(18, 0)::hugeint as decimal(38, 18))
    + try_cast(trunc(amount)::decimal(20, 0) * (rate - trunc(rate)::decimal(38, 18))::decimal(18, 18) as decimal(38, 18))
    + try_cast((amount - trunc(amount)::decimal(38, 18))::decimal(18, 18) * trunc(rate)::decimal(18, 0) as decimal(38, 18))
    + ((amount - trunc(amount)::decimal(38, 18))::decimal(18, 18)
       * (rate - trunc(rate)::decimal(38, 18))::decimal(18, 18))::decimal(38, 18));
-- One column of a question that gives ts, good and total, as the SQL of an objective; null without a question.
create or replace macro measured_by(question_sql, measure) as
  'select ts, ' || measure || ' as value from (' || chr(10) || rtrim(question_sql, chr(10) || '; ') || chr(10) || ')';
-- A field of JSON as text; null for what is no object.
create or replace macro json_field(value, field) as
  try(json_extract_string(value, '$.' || field));
