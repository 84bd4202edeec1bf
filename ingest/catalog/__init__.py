"""Reading catalog files: hostile YAML made safe, where the files lie, and what their entities mean for the estate."""
