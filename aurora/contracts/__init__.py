"""WHAT the data are: one dataframely schema per canonical table, one module per subject."""

from importlib import import_module
from pkgutil import iter_modules

from aurora.contracts.table import COMMON, TABLES, Row, Spec, Table, VersionedTable

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["COMMON", "TABLES", "Row", "Spec", "Table", "VersionedTable", "table_named"]


def table_named(name: str) -> type[Table]:
    """The table of that name. Raises KeyError with the names that exist."""
    if name not in TABLES:
        raise KeyError(f"there is no table {name}; tables are {', '.join(sorted(TABLES))}")
    return TABLES[name]
