"""What keeps a transaction usable when a read in it fails.

PostgreSQL answers nothing more after an error, until the transaction goes back to a savepoint. The others undo the
statement that failed, and go on; but for a deadlock, after which MySQL and MariaDB have undone the whole transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, transaction

#: What PostgreSQL's drivers call INERROR: a statement failed, and no other one is answered before going back.
_IN_ERROR = 3
#: MySQL's number of a deadlock.
_DEADLOCK = 1213


@contextmanager
def one_read() -> Iterator[None]:
    """A transaction, or a savepoint in the one that is open, around one read (which may take several statements).

    On MySQL and MariaDB nothing: each of their statements sees what is committed by then anyway, and the messages to
    the database are a tenth of what a small evaluation takes.
    """
    if connection.vendor != "mysql":
        with transaction.atomic():
            yield
        return
    try:
        yield
    except Exception as error:
        if connection.in_atomic_block:
            transaction.set_rollback(_is_lost(error))
        raise


class SharedSavepoint:
    """An error in a block under this leaves the transaction around it usable.

    ``with reading:`` around each read, ``reading.release()`` after the last. All share one savepoint, which the first
    one makes, where the database needs any: going back to it loses nothing, for nothing is written in between. A
    savepoint each, as by ``atomic()``, is two messages to the database for every read.
    """

    def __init__(self) -> None:
        self._id: str | None = None  # Stays so where there is nothing to keep usable.

    def __enter__(self) -> None:
        if self._id is None and connection.in_atomic_block and connection.vendor == "postgresql":
            self._id = transaction.savepoint()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: Any) -> None:
        if not connection.in_atomic_block or (kind is None and not _is_broken()):
            return
        # Where the transaction is there, it is to go on: with a mark on it, going back would be refused, too.
        transaction.set_rollback(_is_lost(error))
        if self._id is not None:
            try:
                transaction.savepoint_rollback(self._id)
            except DatabaseError:  # The whole transaction is lost, and the savepoint with it.
                transaction.set_rollback(True)
        if kind is None:
            raise transaction.TransactionManagementError("A statement failed, and what had asked it went on.")

    def release(self) -> None:
        """Forget the savepoint. Call after the last read."""
        if self._id is not None:
            transaction.savepoint_commit(self._id)
            self._id = None


def _is_lost(error: BaseException | None) -> bool:
    """Whether MySQL has undone the whole transaction: what is written next must not stand alone, without its locks."""
    while error is not None:
        if connection.vendor == "mysql" and isinstance(error, DatabaseError) and error.args[:1] == (_DEADLOCK,):
            return True
        error = error.__cause__
    return False


def _is_broken() -> bool:
    """Whether a read broke the transaction without saying so. Asks the driver, not the database."""
    if connection.vendor == "postgresql" and connection.connection.info.transaction_status == _IN_ERROR:
        return True
    return transaction.get_rollback()
