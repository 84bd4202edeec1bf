"""Reports: what the warehouse says of a month, as documents that are printed, sent and read on a screen."""
