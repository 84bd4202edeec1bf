"""Tags and cost categories of AWS: columns of their own in the first report, maps in CUR 2.0."""

import polars as pl

from ingest.focus.convert.columns import Source, each, json_object, json_of, pairs_object, squashed


def tags(told: Source) -> pl.Expr:
    """Tags of resources: those that people set under their own key, those of AWS with its prefix."""
    columns = told.starting("resourceTags/", "resource_tags_")
    if columns:
        return json_of({_key(name): told.cell(column) for name, column in columns.items()})
    return _map(told, "resource_tags")


def _key(name: str) -> str:
    for prefix, kept in (("user:", ""), ("user_", ""), ("aws_", "aws:")):
        if name.startswith(prefix):
            return kept + name.removeprefix(prefix)
    return name


def _map(told: Source, name: str) -> pl.Expr:
    """A map of CUR 2.0: JSON text, or keys and values of a Parquet map."""
    kind = told.kind(name)
    if isinstance(kind, pl.List):

        def done(cells: pl.Series) -> pl.Series:
            return pl.Series([pairs_object(one) if one else None for one in cells.to_list()], dtype=pl.String)

        return pl.col(told.names[squashed(name)]).map_batches(done, return_dtype=pl.String)
    return each(told.text(name), json_object)


def cost_categories(told: Source) -> pl.Expr:
    """Cost categories by name as JSON; null where there are none."""
    columns = told.starting("costCategory/", "cost_category_")
    if columns:
        return json_of({name: told.cell(column) for name, column in columns.items()})
    return _map(told, "cost_category")
