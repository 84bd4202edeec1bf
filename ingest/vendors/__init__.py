"""What the connectors of one vendor need beside their file: its API, its words, how its answers become rows."""
