"""AWS in this process: moto, and answers that are put before boto3."""

from collections.abc import Callable, Iterator
from typing import Any

import botocore.client
import pytest
from moto import mock_aws

Json = Any


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS in this process, with keys that open nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # a thousand images that nobody asks for
    with mock_aws():
        yield


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, Json]]]:
    """Puts answers before boto3: `answers` by operation are functions of what is asked; returns what was asked."""
    real = botocore.client.BaseClient._make_api_call

    def put(**answers: Callable[[Json], Json]) -> list[tuple[str, Json]]:
        asked: list[tuple[str, Json]] = []

        def call(self: Any, operation: str, told: Json) -> Json:
            asked.append((operation, told))
            return answers[operation](told) if operation in answers else real(self, operation, told)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        return asked

    return put
