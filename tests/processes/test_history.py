"""The check of a storm finds each kind of fault that it is there for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import mvcc
from tests.processes import content
from tests.processes.history import Comparison, History
from tests.processes.marks import Kind, Mark

Rows = dict[bytes, bytes | None]


def stamp(number: int) -> bytes:
    """Of a commit of writer 0 in its first life."""
    return content.STAMP.pack(0, 0, number)


def rows_of(number: int, group: int, before: bytes, *, deletes: bool = False) -> Rows:
    """What a commit writes."""
    rows: Rows = {
        key: None if deletes else content.value_of(stamp(number), before, member, 5)
        for member, key in enumerate(content.keys_of(group))
    }
    rows[content.marker_key(0)] = content.value_of(stamp(number), before, 0, 0)
    return rows


class Story:
    """Three commits of one writer and a read, told without a fault until something is changed."""

    def __init__(self) -> None:
        self.commits: list[tuple[int, Rows]] = [
            (10, rows_of(1, 7, content.NOTHING)),
            (20, rows_of(2, 7, stamp(1))),
            (30, rows_of(3, 7, stamp(2), deletes=True)),
        ]
        self.marks = []
        for number, (timestamp, rows) in enumerate(self.commits, start=1):
            digest, begun = content.digest_of(rows), 100 * number
            self.marks.append(Mark(Kind.ABOUT, number, begun, 0, digest))
            self.marks.append(Mark(Kind.ACKED, number, begun + 50, timestamp, digest))
        seen = sum(content.row_hash(k, v) for k, v in self.commits[1][1].items() if v is not None)
        self.read = Mark(Kind.READ, 0, 260, 25, (seen % 2**64).to_bytes(16))

    def check(self) -> Comparison:
        """Tells it to the check."""
        history = History()
        changes = [
            mvcc.Change(
                mvcc.Timestamp(timestamp), content.TABLE, key, value, "put" if value else "delete"
            )
            for timestamp, rows in self.commits
            for key, value in rows.items()
        ]
        history.add(changes)
        return history.compare({("writer", 0, 0): self.marks, ("reader", 0, 0): [self.read]})


def lost(story: Story) -> None:
    """An acknowledged commit is not there."""
    del story.commits[2]


def half(story: Story) -> None:
    """One row of a commit is not there."""
    del story.commits[1][1][content.member_key(7, 3)]


def torn(story: Story) -> None:
    """A value ends in the bytes of another."""
    key = content.member_key(7, 3)
    value = story.commits[1][1][key]
    assert value is not None
    story.commits[1][1][key] = value[:-1] + b"?"


def exchanged(story: Story) -> None:
    """The value of one key stands under another."""
    rows = story.commits[1][1]
    rows[content.member_key(7, 3)] = rows[content.member_key(7, 4)]


def falling(story: Story) -> None:
    """A timestamp is not above the last one."""
    story.commits[2] = (19, story.commits[2][1])


def twice(story: Story) -> None:
    """One commit at two timestamps."""
    story.commits.insert(1, (15, story.commits[0][1]))


def lost_update(story: Story) -> None:
    """A transaction replaced something else than it had read."""
    story.commits.pop(1)
    del story.marks[2:4]


def refused(story: Story) -> None:
    """A commit that raised is there."""
    story.marks[3] = replace(story.marks[3], kind=Kind.REFUSED)


def unknown(story: Story) -> None:
    """A commit that nobody was about to make."""
    del story.marks[4:]


def elsewhere(story: Story) -> None:
    """It was acknowledged with another timestamp."""
    story.marks[1] = replace(story.marks[1], timestamp=11)


def never(story: Story) -> None:
    """A read saw a state that never was."""
    story.read = replace(story.read, digest=bytes(16))


def old(story: Story) -> None:
    """A snapshot that was opened after an acknowledgement is older than it."""
    story.read = replace(story.read, at=360)


def late(story: Story) -> None:
    """A commit began after a later one had been acknowledged."""
    story.marks[2] = replace(story.marks[2], at=360)


FAULTS: list[Callable[[Story], None]] = [
    lost, half, torn, exchanged, falling, twice, lost_update, refused, unknown, elsewhere, never,
    old, late,
]  # fmt: skip


def test_a_story_without_a_fault_passes() -> None:
    """And its commits, reads and waits are counted."""
    assert Comparison(acked=3, reads=1, longest_wait_ns=50) == Story().check()


@pytest.mark.parametrize("number", [1, 3])
def test_a_commit_without_an_answer_may_be_there_or_not(number: int) -> None:
    """Whoever was killed between the two marks cannot say."""
    story = Story()
    story.marks = [each for each in story.marks if (each.number, each.kind) != (3, Kind.ACKED)]
    if number == 3:
        del story.commits[2]
    found = story.check()
    assert (1, int(number == 1)) == (found.unanswered, found.unanswered_there)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_found(fault: Callable[[Story], None]) -> None:
    """Whichever it is."""
    story = Story()
    fault(story)
    with pytest.raises(AssertionError):
        story.check()
