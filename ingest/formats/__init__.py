"""File formats that `aurora import` reads: one file each, found by name; `read` gives rows with their line."""
