"""What the exit code of a command says; scripts rely on the numbers, so they never change."""

from __future__ import annotations

from enum import IntEnum

from mvcc import errors

NOT_FOUND_ERRORS = (
    errors.TableNotFoundError,
    errors.JobNotFoundError,
    errors.BackupNotFoundError,
    errors.StoreNotFoundError,
    errors.NoFullBackupError,
)
CONFLICT_ERRORS = (
    errors.RetryableError,
    errors.ConditionFailedError,
    errors.DestinationLockedError,
)


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILED = 1
    """It could not be done: see the message."""
    USAGE = 2
    """The command line asks for something that means nothing, or that cannot be; nothing was written."""
    NOT_FOUND = 3
    """The key, table, store, backup, job or file does not exist."""
    DAMAGED = 4
    """Stored bytes are not what was written, or a verification or comparison found a difference."""
    CONFLICT = 5
    """Somebody else was in the way, or a key did not hold what was expected; nothing was written."""
    INTERRUPTED = 130
    """Stopped by SIGINT (Ctrl-C)."""
    PIPE_CLOSED = 141
    """Whoever read the output went away, as `head` does."""


def exit_code_of(error: errors.MVCCError) -> ExitCode:
    """The exit code that tells a script which kind of error it was."""
    if isinstance(error, NOT_FOUND_ERRORS):
        return ExitCode.NOT_FOUND
    if isinstance(error, CONFLICT_ERRORS):
        return ExitCode.CONFLICT
    if isinstance(error, errors.CorruptionError):
        return ExitCode.DAMAGED
    if isinstance(error, errors.UsageError):
        return ExitCode.USAGE
    return ExitCode.FAILED
