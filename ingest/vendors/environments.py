"""What vendors call environments, in the words of env_tier."""

from typing import Any

from ingest.connector import Run

TIERS = {
    **dict.fromkeys(("production", "prod", "prd", "live"), "production"),
    **dict.fromkeys(("staging", "stage", "stg", "preprod", "pre-prod", "preproduction", "uat"), "staging"),
    **dict.fromkeys(("testing", "test", "qa", "ci", "sandbox"), "testing"),
    **dict.fromkeys(("development", "dev", "local", "debug"), "development"),
    "unknown": "unknown",
}


def env_tier(run: Run[Any], environment: str | None) -> str:
    """The tier of an environment; `unknown` (and counted) for a name that tells none, `unknown` for no name."""
    return run.word(TIERS, environment) if environment else "unknown"
