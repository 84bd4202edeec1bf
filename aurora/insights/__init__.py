"""Pure judgement: frames in, verdicts out."""
