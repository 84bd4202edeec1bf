-- One row per split of shared cost that is declared: of several places with one id, the one that counts first.
-- grain: split_id
select split_id, name, marks, method, usage, app_ids, shares, declared_in, source_instance
from cost_splits
qualify row_number() over (partition by split_id order by declared_rank(source), updated_at desc, source_instance) = 1
