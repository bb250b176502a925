"""Refusing what is too large before it is read into memory or onto the disk. Used by pages and the API."""

import contextlib
import time
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

_CHUNK = 1 << 20
_BROKEN_AFTER = 24 * 60 * 60  # seconds
_FORM_ALLOWANCE = 1 << 20  # the other fields of an upload form, and what multipart adds


def too_large(request: HttpRequest) -> bool:
    """Whether the body is larger than this server accepts, told by its declared length: ask before reading it.

    A body that is too large is read and thrown away (up to a bound), because a browser that is still sending
    when the connection closes shows a broken connection instead of our answer.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return False
    limit = limit_in_bytes(request)
    if length <= limit:
        return False
    left = min(length, 4 * limit)
    while left > 0 and (chunk := request.read(min(_CHUNK, left))):
        left -= len(chunk)
    return True


def limit_in_bytes(request: HttpRequest) -> int:
    """For forms with a file MAX_UPLOAD_MB; for anything else (JSON, plain forms) what Django keeps in memory."""
    if (request.META.get("CONTENT_TYPE") or "").startswith("multipart/form-data"):
        return settings.MAX_UPLOAD_MB * _CHUNK + _FORM_ALLOWANCE
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def remove_broken() -> int:
    """Remove what uploads left that broke off with their web process a day ago or more; returns how many."""
    folder, removed = settings.FILE_UPLOAD_TEMP_DIR, 0
    for path in Path(folder).glob("*.upload*") if folder else ():
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _BROKEN_AFTER:
                path.unlink()
                removed += 1
    return removed
