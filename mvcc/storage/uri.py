"""Finds the destination that a URI means.

Owns the schemes. A scheme is one entry in `open_storage`; a URI may carry secrets, so messages name its
scheme alone.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

from mvcc.errors import InvalidArgumentError
from mvcc.storage.directory import Directory
from mvcc.storage.interface import Storage

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")
_HINT = "Write a path, or file:///absolute/path."


def open_storage(uri: str | os.PathLike[str]) -> Storage:
    """The destination at a `file:///absolute/path` URI, or at a path of this machine.

    Nothing is made yet. InvalidArgumentError for another scheme or a malformed URI.
    """
    text = os.fspath(uri)
    if not isinstance(text, str) or not text or "\0" in text:
        raise InvalidArgumentError(argument="uri", given=repr(text), hint=_HINT)
    match = _SCHEME.match(text)
    if match is None:
        return Directory(text)
    if match[1].lower() != "file":
        raise InvalidArgumentError(
            f"no destination has the scheme {match[1]!r}", argument="uri", hint=_HINT
        )
    return Directory(_path_of(text))


def _path_of(uri: str) -> str:
    """The absolute path in a file URI."""
    parts = urlsplit(uri)
    path = unquote(parts.path, errors="surrogateescape")
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment or "\0" in path:
        raise InvalidArgumentError(
            f"{uri!r} is not the URI of a local folder",
            argument="uri",
            hint="Write file:///absolute/path; '?', '#' and '%' in it as %3F, %23 and %25.",
        )
    return path
