"""Each kind of error has an exit code, and the codes do not change."""

from __future__ import annotations

import pytest

from mvcc import errors
from mvcc.cli.exit_codes import ExitCode, exit_code_of


def test_the_numbers_stay() -> None:
    """Scripts compare them."""
    assert {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "NOT_FOUND": 3,
        "DAMAGED": 4,
        "CONFLICT": 5,
        "INTERRUPTED": 130,
        "PIPE_CLOSED": 141,
    } == {code.name: code.value for code in ExitCode}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.StorageError(errno=5), ExitCode.FAILED),
        (errors.StorageFullError(errno=28), ExitCode.FAILED),
        (errors.StoreAlreadyOpenError(path="x", opened_at="y:1"), ExitCode.FAILED),
        (errors.BackupError(), ExitCode.FAILED),
        (errors.GitError(path="x", what="y"), ExitCode.FAILED),
        (errors.InvalidNameError(name="x"), ExitCode.USAGE),
        (errors.KeyTooLongError(length=491, limit=490), ExitCode.USAGE),
        (errors.StoreExistsError(path="x"), ExitCode.USAGE),
        (errors.TableNotFoundError(name="a.b"), ExitCode.NOT_FOUND),
        (errors.StoreNotFoundError(path="x"), ExitCode.NOT_FOUND),
        (errors.BackupNotFoundError(name="x", uri="y"), ExitCode.NOT_FOUND),
        (errors.NoFullBackupError(uri="x"), ExitCode.NOT_FOUND),
        (errors.JobNotFoundError(job_id=1), ExitCode.NOT_FOUND),
        (errors.StoreCorruptedError(path="x", what="y"), ExitCode.DAMAGED),
        (errors.SSTCorruptedError(path="x", what="y"), ExitCode.DAMAGED),
        (errors.BackupCorruptedError(path="x", what="y"), ExitCode.DAMAGED),
        (errors.StoreBusyError(), ExitCode.CONFLICT),
        (errors.TransactionRetryError(reason="catalog"), ExitCode.CONFLICT),
        (errors.ConditionFailedError(key=b"k", actual=None), ExitCode.CONFLICT),
        (errors.DestinationLockedError(uri="x", owner="y"), ExitCode.CONFLICT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.name,
)
def test_an_error_has_its_code(error: errors.MVCCError, code: ExitCode) -> None:
    """By its class."""
    assert code == exit_code_of(error)
