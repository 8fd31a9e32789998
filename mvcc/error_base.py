"""What an error of mvcc is: a class declared by its fields, a stable code, a message and a hint.

Annotations become keyword-only arguments, `template` words the message from them. This module knows none of
the errors themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, dataclass_transform

_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(field,))
class _Declared:
    """Makes every subclass a dataclass with keyword-only fields, and names its code."""

    code: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = _WORD_START.sub("_", cls.__name__.removesuffix("Error")).lower()
        dataclass(kw_only=True, eq=False, repr=False)(cls)


class MVCCError(_Declared, Exception):
    """Any error of mvcc."""

    template: ClassVar[str] = "mvcc failed"

    message: str = field(default="", kw_only=False)
    hint: str = "The fields of the error say what it is about."
    job_id: int | None = None  # the job that ended with this error

    def __post_init__(self) -> None:
        self.message = (self.message or self.template.format(self)).rstrip(".")
        self.args = (self.message,)

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return _revive, (type(self), given), self.__dict__


def _revive(kind: type[MVCCError], given: dict[str, Any]) -> MVCCError:
    """The pickled error again; what was added to it (notes) follows as its state."""
    return kind(**given)
