"""Exports in S3: their objects are copied to a folder of this machine, from where they are imported.

Keys, region and address come from the environment alone (AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL_S3 ...).
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aurora.errors import ContractError
from ingest.focus.files import ENDINGS

PLACE = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<prefix>.*)")


@contextmanager
def at_hand(place: str) -> Iterator[Path]:
    """The path of a file or folder, or of a copy of what lies in S3, which is gone at the end. Raises ContractError."""
    found = PLACE.fullmatch(place)
    if found is None:
        yield Path(place)
        return
    # boto3 takes a while to load, which who imports a file need not wait for.
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    bucket, prefix = found["bucket"], found["prefix"].rstrip("/")
    with tempfile.TemporaryDirectory(prefix="aurora-") as folder:
        # The last word of the place names the source, as the name of a folder does.
        path = Path(folder) / (prefix.rpartition("/")[2] or bucket)
        try:
            _copy(bucket, prefix, path)
        except (ClientError, BotoCoreError) as error:
            raise ContractError(f"{place}: S3 refuses: {str(error).splitlines()[0]}") from None
        if not path.exists():
            raise ContractError(f"{place}: there is neither a CSV nor a Parquet object under it")
        yield path


def _copy(bucket: str, prefix: str, path: Path) -> None:
    """Copy the object of that name, or all under it that may be of an export."""
    from boto3.session import Session  # type: ignore[import-untyped]

    client: Any = Session().client("s3")
    number = 0
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for key in sorted(one["Key"] for one in page.get("Contents", ())):
            if not key.lower().endswith(ENDINGS):
                continue
            if key == prefix:
                client.download_file(bucket, key, str(path))
                return
            if not prefix or key.startswith(f"{prefix}/"):
                path.mkdir(exist_ok=True)
                # Numbered in the order of their keys, since a key may hold what no path should.
                number += 1
                client.download_file(bucket, key, str(path / f"{number:06d}-{Path(key).name}"))
