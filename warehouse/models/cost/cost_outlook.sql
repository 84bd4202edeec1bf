-- One row per series and currency: cost_outlook_in, everything in its own currency.
-- grain: kind, series_id, currency
from cost_outlook_in(null, ['service', 'app', 'team', 'budget'])
