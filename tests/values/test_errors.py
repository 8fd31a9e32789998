"""The errors: their names, codes and bases are a contract, and each survives printing and pickling."""

import builtins
import pickle
from dataclasses import MISSING, fields
from errno import EEXIST, EIO, ENOENT, ENOSPC
from typing import Any

import pytest

from mvcc import errors
from mvcc.errors import MVCCError

# name: bases, as docs promise them; the codes that programs may compare stand beside.
CONTRACT = {
    "MVCCError": ("mvcc", "_Declared Exception"),
    "RetryableError": ("retryable", "MVCCError"),
    "TransactionRetryError": ("transaction_retry", "RetryableError"),
    "LockTimeoutError": ("lock_timeout", "RetryableError"),
    "StoreBusyError": ("store_busy", "RetryableError"),
    "CorruptionError": ("corruption", "MVCCError"),
    "StoreCorruptedError": ("store_corrupted", "CorruptionError"),
    "BackupCorruptedError": ("backup_corrupted", "CorruptionError"),
    "SSTCorruptedError": ("sst_corrupted", "CorruptionError"),
    "StorageError": ("storage", "MVCCError OSError"),
    "StorageFullError": ("storage_full", "StorageError"),
    "StoreFailedError": ("store_failed", "StorageError"),
    "DestinationError": ("destination", "StorageError"),
    "LibraryError": ("library", "MVCCError ImportError"),
    "ProcessError": ("process", "MVCCError RuntimeError"),
    "StoreClosedError": ("store_closed", "ProcessError"),
    "ForkedStoreError": ("forked_store", "ProcessError"),
    "StoreAlreadyOpenError": ("store_already_open", "ProcessError"),
    "ConcurrentUseError": ("concurrent_use", "ProcessError"),
    "UsageError": ("usage", "MVCCError"),
    "InvalidArgumentError": ("invalid_argument", "UsageError ValueError"),
    "KeyTooLongError": ("key_too_long", "UsageError ValueError"),
    "ValueTooLargeError": ("value_too_large", "UsageError ValueError"),
    "InvalidSpanError": ("invalid_span", "UsageError ValueError"),
    "InvalidTimestampError": ("invalid_timestamp", "UsageError ValueError"),
    "TimestampInFutureError": ("timestamp_in_future", "UsageError ValueError"),
    "TimestampBelowGCError": ("timestamp_below_gc", "UsageError ValueError"),
    "InvalidNameError": ("invalid_name", "UsageError ValueError"),
    "TableNotFoundError": ("table_not_found", "UsageError KeyError"),
    "JobNotFoundError": ("job_not_found", "UsageError KeyError"),
    "BackupNotFoundError": ("backup_not_found", "UsageError KeyError"),
    "StoreNotFoundError": ("store_not_found", "UsageError FileNotFoundError"),
    "NotAStoreError": ("not_a_store", "UsageError NotADirectoryError"),
    "StoreExistsError": ("store_exists", "UsageError FileExistsError"),
    "TableExistsError": ("table_exists", "UsageError FileExistsError"),
    "BackupExistsError": ("backup_exists", "UsageError FileExistsError"),
    "ReadOnlyError": ("read_only", "UsageError PermissionError"),
    "FormatVersionError": ("format_version", "UsageError"),
    "ConditionFailedError": ("condition_failed", "UsageError"),
    "ClockSkewError": ("clock_skew", "UsageError"),
    "IntegerOverflowError": ("integer_overflow", "UsageError"),
    "NotAnIntegerError": ("not_an_integer", "UsageError"),
    "BackupError": ("backup", "MVCCError"),
    "NoFullBackupError": ("no_full_backup", "BackupError"),
    "EmptyWindowError": ("empty_window", "BackupError"),
    "ChainGapError": ("chain_gap", "BackupError"),
    "ChainBrokenError": ("chain_broken", "BackupError"),
    "NotRestorableError": ("not_restorable", "BackupError"),
    "CollectionMismatchError": ("collection_mismatch", "BackupError"),
    "HistoryMismatchError": ("history_mismatch", "BackupError"),
    "DestinationLockedError": ("destination_locked", "BackupError"),
    "PreparedTransactionError": ("prepared_transaction", "BackupError"),
    "JobCanceledError": ("job_canceled", "BackupError"),
    "GitError": ("git", "MVCCError"),
}
KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, MVCCError)
}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


def example(kind: type[MVCCError]) -> MVCCError:
    """An error of this class with all that it requires."""
    required = [f.name for f in fields(kind) if f.default is MISSING]
    given: dict[str, Any] = {name: index for index, name in enumerate(required)}
    return kind(**given)


def test_the_classes_their_codes_and_bases_are_the_contract() -> None:
    """Nothing is renamed, recoded, moved to another branch, or added without being listed."""
    actual = {
        name: (kind.code, " ".join(base.__name__ for base in kind.__bases__))
        for name, kind in KINDS.items()
    }
    assert CONTRACT == actual


def test_codes_are_unique() -> None:
    """A code names one class."""
    assert len(KINDS) == len({kind.code for kind in KINDS.values()})


@each_kind
def test_each_class_has_its_own_sentence(kind: type[MVCCError]) -> None:
    """The docstring is one sentence of the class's own."""
    assert kind.__doc__ and kind.__doc__.endswith(".") and "\n" not in kind.__doc__


@each_kind
def test_each_error_prints_its_message_and_its_hint(kind: type[MVCCError]) -> None:
    """The message is made of the fields, the hint is a sentence, and nothing else is printed."""
    error = example(kind)
    assert f"{error.message}. {error.hint}" == str(error)
    assert error.hint.endswith(".") and "{" not in error.message


@each_kind
def test_each_error_survives_pickling(kind: type[MVCCError]) -> None:
    """Class, text, fields, notes and what was set later come back."""
    error = example(kind)
    error.job_id = 7
    error.add_note("while testing")
    back = pickle.loads(pickle.dumps(error))
    assert type(error) is type(back)
    assert str(error) == str(back)
    assert error.args == back.args
    assert error.__notes__ == back.__notes__
    assert all(getattr(error, f.name) == getattr(back, f.name) for f in fields(kind))


@each_kind
def test_fields_are_keyword_only(kind: type[MVCCError]) -> None:
    """Only the message goes by position."""
    with pytest.raises(TypeError):
        kind("message", "second")  # type: ignore[call-arg]


def test_a_key_error_prints_without_quotes() -> None:
    """KeyError would print the repr of its argument."""
    error = errors.TableNotFoundError(name="bank.accounts")
    assert str(error).startswith("there is no table bank.accounts. ")


def test_a_given_message_and_hint_replace_the_default_ones() -> None:
    """Braces in them are text, not fields."""
    error = errors.InvalidNameError("no {name} here", name="{x}", hint="Do {this}.")
    assert "no {name} here. Do {this}." == str(error)


def test_a_missing_field_is_a_type_error() -> None:
    """An error cannot be raised without what it is about."""
    with pytest.raises(TypeError, match="limit"):
        errors.KeyTooLongError(length=500)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (errors.StorageError(what="reading", errno=EIO), EIO),
        (errors.StorageFullError(what="writing", errno=ENOSPC, path="/data"), ENOSPC),
        (errors.StoreNotFoundError(path="/data"), ENOENT),
        (errors.StoreExistsError(path="/data"), EEXIST),
    ],
)
def test_an_os_error_has_its_errno(error: OSError, number: int) -> None:
    """Code that knows only OSError finds what it looks for, also after pickling."""
    assert number == error.errno == pickle.loads(pickle.dumps(error)).errno


def test_a_storage_error_words_its_errno() -> None:
    """The message says what was done and the system's reason."""
    error = errors.StorageError(what="reading CURRENT", errno=EIO)
    assert "reading CURRENT failed: Input/output error" == error.message


@each_kind
def test_builtin_bases_catch(kind: type[MVCCError]) -> None:
    """An error is caught by each builtin class that the contract names."""
    for name in CONTRACT[kind.__name__][1].split():
        if builtin := getattr(builtins, name, None):
            with pytest.raises(builtin):
                raise example(kind)


def test_the_message_of_a_failed_condition_keeps_the_value_secret() -> None:
    """Values are fields, never text: text goes into logs."""
    error = errors.ConditionFailedError(key=b"k", actual=b"secret")
    assert "secret" not in str(error) + repr(error)
