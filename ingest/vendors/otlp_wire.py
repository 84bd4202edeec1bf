"""The two encodings of OTLP over HTTP: JSON as it is, protobuf through opentelemetry-proto where that is installed."""

import json
import zlib
from typing import Any

from aurora.errors import ContractError

try:
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsPartialSuccess,
        ExportMetricsServiceRequest,
        ExportMetricsServiceResponse,
    )

    HAS_PROTOBUF = True
except ImportError:  # the receiver then takes JSON only and says so
    HAS_PROTOBUF = False

Json = Any
JSON, PROTOBUF = "application/json", "application/x-protobuf"


class TooLargeError(ContractError):
    """A body is larger than the receiver takes."""


def inflated(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding, never more than `limit` bytes. Raises ContractError, TooLargeError."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise ContractError(f"content-encoding {encoding[:40]!r} is not read: use gzip or none")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise ContractError("the body is no gzip") from None
    if len(plain) > limit:
        raise TooLargeError(f"the body unpacks to more than {limit >> 20} MiB: send smaller batches")
    if not unpacker.eof or unpacker.unused_data:
        raise ContractError("the gzip body is cut off or has something behind it")
    return plain


def request_of(content_type: str, body: bytes) -> Json:
    """An ExportMetricsServiceRequest as JSON would tell it. Raises ContractError."""
    if content_type == JSON:
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise ContractError("the body is no JSON") from None
    try:
        message = ExportMetricsServiceRequest.FromString(body)
        return MessageToDict(message, use_integers_for_enums=True)
    except (DecodeError, ValueError, RecursionError):
        raise ContractError("the body is no ExportMetricsServiceRequest in protobuf") from None


def response_of(content_type: str, refused: int, why: str) -> bytes:
    """An ExportMetricsServiceResponse; partial_success is left out when nothing was refused."""
    if content_type == PROTOBUF:
        partial = ExportMetricsPartialSuccess(rejected_data_points=refused, error_message=why) if refused else None
        told: bytes = ExportMetricsServiceResponse(partial_success=partial).SerializeToString()
        return told
    partial_json = {"partialSuccess": {"rejectedDataPoints": str(refused), "errorMessage": why}} if refused else {}
    return json.dumps(partial_json).encode()


def status_of(content_type: str, sentence: str) -> bytes:
    """A google.rpc.Status with `message` set, which is field 2, a text."""
    if content_type != PROTOBUF:
        return json.dumps({"message": sentence}).encode()
    text = sentence.encode()[:1000]
    return b"\x12" + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    """A number as protobuf writes lengths: seven bits a byte, the lowest first."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
