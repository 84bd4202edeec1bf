"""Parts that several reports have: each asks its marts, and gives figures, sentences, charts and tables."""
