"""The lake as it was at given versions of its tables, to read; as far back as files of old versions are kept."""

from collections.abc import Mapping
from pathlib import Path

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from aurora.contracts import Table
from aurora.errors import LakeError
from warehouse.lake import Lake


class LakeAt(Lake):
    """A lake whose tables stand still at their version of `versions`; a table that is not in it was not there yet."""

    def __init__(self, root: Path | str, versions: Mapping[str, int]) -> None:
        super().__init__(root)
        self._versions = dict(versions)

    def open(self, table: type[Table]) -> DeltaTable | None:
        """The table at its version. Raises LakeError where that is forgotten."""
        name = table.spec.name
        if name not in self._versions:
            return None
        if name not in self._handles:
            try:
                self._handles[name] = DeltaTable(self.uri(table), version=self._versions[name])
            except (DeltaError, TableNotFoundError, OSError) as error:
                raise LakeError(f"{name}: version {self._versions[name]} is not kept any more") from error
        return self._handles[name]

    def files(self, table: type[Table]) -> list[str]:
        """The Parquet files of that version. Raises LakeError where one of them was tidied away."""
        found = super().files(table)
        if gone := [file for file in found if not Path(file).exists()]:
            raise LakeError(
                f"{table.spec.name}: {len(gone)} files of version {self._versions[table.spec.name]} were tidied away: "
                "they are kept for [retention] old_versions"
            )
        return found
