"""Forms as a browser sends them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from curator.errors import AccountError

_MAX_BYTES = 16_384
"""A name, two passwords of 1000 characters of any script, an address."""
_MAX_FIELDS = 20


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of one that is there twice the last.

    Raises:
        AccountError: it is too large or no form.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MAX_BYTES:
            raise AccountError(f"the form has more than {_MAX_BYTES} bytes")
    try:
        return dict(parse_qsl(content.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise AccountError(f"the form cannot be read ({error})") from error
