"""Bodies of requests, read within a size and a time; and requests that are refused with a sentence."""

import asyncio

from starlette.requests import Request


class RefusedRequestError(Exception):
    """A request is answered with an error: status, sentence, headers."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status, self.headers = status, headers


async def body_of(request: Request, max_bytes: int, read_s: float) -> bytes:
    """The whole body, however it comes. Raises RefusedRequestError."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(read_s):
            async for part in request.stream():
                size += len(part)
                if size > max_bytes:
                    raise RefusedRequestError(413, f"the body is larger than {max_bytes >> 20} MiB: send less at once")
                parts.append(part)
    except TimeoutError:
        raise RefusedRequestError(408, f"the body did not come within {read_s:g} seconds") from None
    return b"".join(parts)
