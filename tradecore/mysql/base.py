"""The connection to MariaDB or MySQL: Django's own, but for what it says to the server around the statements.

# Note [Round trips]
Django begins a transaction by switching autocommit off, and switches it on again after the end: three round trips for
each, where BEGIN and COMMIT are two. Autocommit stays on, so what comes after a transaction that the server has
discarded (Note [Retries] of `tradecore/db.py`) would be committed at once, as it would have been committed at the end:
nothing may come, which is why no use case goes on after such an error.

Django also asks at each request whether a connection that was kept is still there. Here it asks one that it has not
asked for CHECKED_EVERY_S. Whatever was lost since then fails with its first statement: a use case begins again on a
new connection, a read is answered 503, and the next request connects anew, because an error has Django ask.

Statements that do not wait for each other's answers are sent as one text and answered one after the other
(`send_together`). A cursor of Django's about a cursor of the driver's takes three times as long in this process as the
question and its answer, so there is none: what they would do about errors is done here.
"""

import time
from collections.abc import Iterator, Sequence
from types import NoneType
from typing import Any

import MySQLdb
from django.db import IntegrityError
from django.db.backends.mysql import base
from django.db.backends.utils import debug_transaction

CHECKED_EVERY_S = 1.0
#: The most bytes that are sent together. Servers take 16 MB and more at once.
SENT_MAX = 1 << 20


class DatabaseWrapper(base.DatabaseWrapper):
    """See Note [Round trips]."""

    health_check_done: bool
    _checked_at = 0.0

    def _start_transaction_under_autocommit(self) -> None:
        """Django calls it to begin a transaction on a connection that has it, and leaves autocommit alone."""
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.connection.query("BEGIN")

    def close_if_health_check_failed(self) -> None:
        """Ask whether the server is still there, once in a while."""
        if self.health_check_done:
            return
        if time.monotonic() - self._checked_at >= CHECKED_EVERY_S:
            super().close_if_health_check_failed()
            self._checked_at = time.monotonic()
        self.health_check_done = True

    def send_together(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[tuple[int, Sequence[Any]]]:
        """Send statements, each with its parameters, in one round trip; in more, where they are large.

        Of each: how many rows it found, and those that it read. Where one fails, those before it have run and those
        after it have not. Nobody who listens to cursors is told of them.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        answers = []
        with self.wrap_database_errors:
            for texts in _portions([self._text_of(*statement) for statement in statements]):
                answers += self._send(texts)
        return answers

    def _text_of(self, sql: str, parameters: Sequence[Any]) -> bytes:
        """A statement with its parameters. The driver's `literal` takes the long way for most of what we store."""
        plain = {int: b"%d".__mod__, str: self.connection.string_literal, NoneType: _null}
        literal = self.connection.literal
        return sql.encode() % tuple([plain.get(type(value), literal)(value) for value in parameters])

    def _send(self, texts: Sequence[bytes]) -> list[tuple[int, Sequence[Any]]]:
        try:
            self.connection.query(b";".join(texts))
            answers = [self._take_answer()]
            while len(answers) < len(texts):
                self.connection.next_result()
                answers.append(self._take_answer())
        except MySQLdb.OperationalError as error:
            if error.args[0] in base.CursorWrapper.codes_for_integrityerror:
                raise IntegrityError(*error.args) from error
            raise
        except MySQLdb.Error:
            raise
        except BaseException:
            self.close()  # answers that nobody has taken would be those of the next statement
            raise
        return answers

    def _take_answer(self) -> tuple[int, Sequence[Any]]:
        rows = self.connection.store_result().fetch_row(0) if self.connection.field_count() else ()
        return self.connection.affected_rows(), rows


def _null(_value: None) -> bytes:
    return b"NULL"


def _portions(texts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The texts in their order, in as few portions as SENT_MAX allows."""
    portion, size = list[bytes](), 0
    for text in texts:
        if portion and size + len(text) > SENT_MAX:
            yield portion
            portion, size = [], 0
        portion.append(text)
        size += len(text)
    if portion:
        yield portion
