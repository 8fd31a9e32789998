"""What every table can be asked, live, AS OF an instant or in a transaction: `Readable` but for `get`.

Owns the arguments and the shapes of the answers. Where the rows come from, and at which instant, is
each table's own matter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import ClassVar, NoReturn, TypeVar, overload

from mvcc.arguments import after, as_bounds, as_key, as_limit, as_scan_bounds
from mvcc.context import Context
from mvcc.engine.interface import ScanRequest, Span, View
from mvcc.scan import Columns, Scan, ScanSource, Shape, as_items, as_keys, as_values
from mvcc.stream import Handles, Stream
from mvcc.timestamp import Timestamp, When
from mvcc.types import BytesLike, TableStats, Version

D = TypeVar("D")
T = TypeVar("T")


class TableReads(ABC):
    """A table to read from. It is always true: whether it has rows would cost a scan."""

    __slots__ = ("_context", "_engine", "_handles", "_id", "_name")

    _send_instead: ClassVar[str]

    def __init__(self, context: Context, handles: Handles, table_id: int, name: str) -> None:
        self._context = context
        self._engine = context.engine
        self._handles = handles
        self._id = table_id
        self._name = name

    @property
    def name(self) -> str:
        """The full name, `database.table`."""
        return self._name

    # -- what each kind of table does in its own way ---------------------------------------------

    @overload
    def get(self, key: BytesLike) -> bytes | None: ...
    @overload
    def get(self, key: BytesLike, default: D) -> bytes | D: ...
    @abstractmethod
    def get(self, key: BytesLike, default: object = None) -> object:
        """The value of a key, or `default`."""

    @abstractmethod
    def get_many(self, keys: Iterable[BytesLike]) -> list[bytes | None]:
        """The values of many keys at one instant, in the order of the keys; None: absent."""

    @abstractmethod
    def _open_pages(
        self, request: ScanRequest, limit: int | None
    ) -> tuple[Iterator[Columns], tuple[View, ...]]:
        """The rows of a span, and the views that the reader of them shall close."""

    @abstractmethod
    def _history_view(self, key: bytes, until: When | None) -> AbstractContextManager[View]:
        """A view for the reader of a key's versions; None: the one that this table is read at."""

    # -- reads -----------------------------------------------------------------------------------

    def scan(
        self,
        start: BytesLike | None = None,
        end: BytesLike | None = None,
        *,
        prefix: BytesLike | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Scan:
        """(key, value) in key order, or backwards; `prefix` excludes `start` and `end`.

        The view is taken by this call, not at the first row: later writes are not seen. The Scan is a
        context manager; one that is left half-way holds garbage collection until it is closed.
        InvalidSpanError where `start > end`.

        >>> t = store.create_table("bank.accounts")
        >>> t.put_many({b"ada": b"80", b"bob": b"20", b"bo": b"1"}) == store.stats().last_commit
        True
        >>> list(t.scan(prefix=b"bo")), list(t.scan(reverse=True, limit=1))
        ([(b'bo', b'1'), (b'bob', b'20')], [(b'bob', b'20')])
        """
        request = self._request(as_scan_bounds(start, end, prefix), reverse=reverse)
        return Scan.over(self._source(request, as_items, as_limit(limit)))

    def keys(self) -> Stream[bytes]:
        """Every key, in order, in one view."""
        request = self._request((None, None), keys_only=True)
        return Stream.over(self._source(request, as_keys))

    def values(self) -> Stream[bytes]:
        """Every value, in the order of the keys, in one view."""
        return Stream.over(self._source(self._request((None, None)), as_values))

    def items(self) -> Scan:
        """Every (key, value), in the order of the keys, in one view."""
        return self.scan()

    def count(self, start: BytesLike | None = None, end: BytesLike | None = None) -> int:
        """The number of keys in a span. It walks them all: about 0.1 us each. InvalidSpanError."""
        request = self._request(as_bounds(start, end), keys_only=True)
        with Stream.over(self._source(request, lambda keys, _: (len(keys),))) as counts:
            return sum(counts)

    def history(
        self, key: BytesLike, since: When | None = None, until: When | None = None
    ) -> list[Version]:
        """What was committed to a key in the window `since < t <= until`, newest first.

        None is everything that is kept, up to the instant this table is read at. A transaction's own
        writes are not among them. InvalidTimestampError, TimestampInFutureError, InvalidSpanError,
        TimestampBelowGCError.
        """
        data = as_key(key)
        with self._history_view(data, until) as view:
            if until is None:
                low = self._context.since_up_to(since, view.timestamp)
            else:
                low = self._context.since(since, view.timestamp)
            following: ScanRequest | None = ScanRequest(
                Span(self._id, data, after(data)), revisions=True, since=low
            )
            versions: list[Version] = []
            while following is not None:
                page = self._engine.scan(following, view=view)
                versions += map(Version, map(Timestamp, page.timestamps), page.values)
                following = page.resume
            return versions

    def stats(self) -> TableStats:
        """What the table holds. It reads every row."""
        request = self._request((None, None))
        with Stream.over(self._source(request, _sizes)) as sizes:
            rows, key_bytes, value_bytes = map(sum, zip((0, 0, 0), *sizes, strict=True))
        return TableStats(self._name, self._id, rows, key_bytes, value_bytes)

    def __getitem__(self, key: BytesLike) -> bytes:
        value = self.get(key)
        if value is None:
            raise KeyError(as_key(key))
        return value

    def __contains__(self, key: BytesLike) -> bool:
        return self.get(key) is not None

    def __iter__(self) -> Iterator[bytes]:
        return self.keys()

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: {self._send_instead}")

    # -- helpers ---------------------------------------------------------------------------------

    def _request(
        self,
        bounds: tuple[bytes | None, bytes | None],
        *,
        reverse: bool = False,
        keys_only: bool = False,
    ) -> ScanRequest:
        return ScanRequest(Span(self._id, *bounds), reverse=reverse, keys_only=keys_only)

    def _source(
        self, request: ScanRequest, shape: Shape[T], limit: int | None = None
    ) -> ScanSource[T]:
        pages, views = self._open_pages(request, limit)
        return ScanSource(self._handles, pages, shape, *views)


def _sizes(keys: list[bytes], values: list[bytes]) -> Iterable[tuple[int, int, int]]:
    return ((len(keys), sum(map(len, keys)), sum(map(len, values))),)
