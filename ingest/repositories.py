"""A repository as a person names it: by its id, or by the name that it has at its vendor."""

import polars as pl

from aurora.contracts.delivery import Repositories
from aurora.errors import ContractError
from warehouse.lake import Lake


def repo_id_of(lake: Lake, said: str) -> str:
    """The repo_id that is meant; an id that has not landed yet is taken as it is. Raises ContractError."""
    known = lake.scan(Repositories).select("repo_id", "full_name").collect()
    if known.filter(pl.col("repo_id") == said).height:
        return said
    named = sorted(known.filter(pl.col("full_name") == said)["repo_id"])
    if len(named) > 1:
        raise ContractError(f"several repositories are named {said}: say which with its id: {', '.join(named[:5])}")
    if not named and ":" not in said:
        raise ContractError(f"no repository is named {said}: write its id, such as github:123, or read it in first")
    return named[0] if named else said
