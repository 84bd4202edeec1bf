"""The demo estate: an invented property company whose rows are pure functions of seed, entity and instant."""
