"""Querysets that are compiled once: a purchase asks the same questions and writes the same rows all day.

# Note [Prepared statements]
Django builds and compiles a queryset each time that it runs, which takes several times as long as sending it. What is
prepared is written as the same queryset, in terms of the arguments that it will get. It is built and compiled at its
first call; afterwards its SQL is sent as it stands. The database prepares nothing: what is saved is ours.

    _LINES = Select(lambda hold: HoldLine.objects.filter(hold_id=hold).order_by("id"))
    _LINES(hold=owner_ref)

A tuple or a set is an IN list (a list is a value, of JSON). It is padded by its last item to a power of two, so that
few statements serve every length; in an empty one nothing is found. An argument is compared as it is given: None is
equal to nothing, and no field converts it. Values that an Update writes are converted by the field that they are
written to.

# Note [Reading ahead]
Where one transaction does the same for many (Note [Groups] in `tradecore.groups`), it reads for all of them at once,
and each finds its own rows in memory. A `Select` that names the column `by` which its one argument, a tuple, is
compared with can be read ahead; what it finds later in the same transaction under keys that were read ahead is the same
objects again. Only what this transaction has locked, or what nobody changes, is read ahead.

# Note [Sent together]
A round trip costs more than most statements that it carries. Statements that do not wait for each other's answers are
made first (`of`) and sent together (`send`): on MariaDB and MySQL in one round trip, elsewhere one after the other, and
the same comes of it. Where one fails, those before it have run and those after it have not. Our connection to the
server (`tradecore/mysql/base.py`) also sends what goes alone, without a cursor. Who listens to statements, as tests do,
hears each of them: then all of them take the way of Django's cursors.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Expression, Field, ForeignKey, Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.constants import OnConflict
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.models.sql import DeleteQuery, Query, UpdateQuery

Row = TypeVar("Row")
Argument = Any
#: What a database says to a statement: how many rows it has found or changed, and those that it read.
Said = tuple[int, Sequence[Any]]
#: Makes what is found of the rows of the database.
Reader = Callable[[Sequence[Any], BaseDatabaseWrapper], list[Any]]
_SEQUENCES = (tuple, set, frozenset)
_NOTHING: Said = (0, ())

#: The type whose values a column takes as they stand, by the kind of its field. Of any other value, the field itself
#: makes what the column takes.
_PLAIN: Mapping[str, type] = {
    "BigIntegerField": int,
    "BooleanField": bool,
    "CharField": str,
    "IntegerField": int,
    "PositiveBigIntegerField": int,
    "PositiveIntegerField": int,
    "PositiveSmallIntegerField": int,
    "TextField": str,
}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an argument stands among the parameters of a statement: which one, and which of its items."""

    name: str
    index: int | None
    field: "Field[Any, Any] | None" = None


class Parameter(Expression):
    """Stands in a queryset for an argument that it will get."""

    def __init__(self, name: str, index: int | None = None, field: "Field[Any, Any] | None" = None) -> None:
        super().__init__()
        self.place = _Place(name, index, field)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self.place]


@dataclass(frozen=True, slots=True)
class Statement:
    """One that is ready to be sent. sql: empty where it is known to find nothing. read: of one that reads."""

    sql: str = ""
    parameters: Sequence[Any] = ()
    read: Reader | None = None

    def answer(self, said: Said, database: BaseDatabaseWrapper) -> Any:
        """The rows that it has found; of one that changes rows, how many."""
        return said[0] if self.read is None else self.read(said[1], database)


def send(*statements: Statement) -> list[Any]:
    """Send statements; see Note [Sent together]. Returns of each the rows that it finds, or how many it has changed."""
    database = _database()
    asked = [each for each in statements if each.sql]
    said = iter(_say(asked, database) if asked else ())
    return [each.answer(next(said) if each.sql else _NOTHING, database) for each in statements]


def _say(statements: Sequence[Statement], database: BaseDatabaseWrapper) -> list[Said]:
    together = getattr(database, "send_together", None)
    if together is None or database.queries_logged or database.execute_wrappers:
        return [_say_alone(each, database) for each in statements]
    return cast(list[Said], together([(each.sql, each.parameters) for each in statements]))


def _say_alone(statement: Statement, database: BaseDatabaseWrapper) -> Said:
    with database.cursor() as cursor:
        cursor.execute(statement.sql, statement.parameters)
        return cursor.rowcount, cursor.fetchall() if statement.read else ()


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    parameters: tuple[Any, ...]
    read: Reader | None = None

    def bind(self, arguments: Mapping[str, Argument], database: BaseDatabaseWrapper) -> Statement:
        values = [_value(each, arguments, database) if type(each) is _Place else each for each in self.parameters]
        return Statement(self.sql, values, self.read)


class _Prepared:
    """A statement for each shape of its arguments: their names, and how many items each of their sequences has."""

    #: What is sent where nothing can be found.
    _nothing = Statement()

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._compiled: dict[Any, _Compiled | None] = {}

    def _compile(self, database: BaseDatabaseWrapper, /, **parameters: Any) -> _Compiled:
        raise NotImplementedError

    def of(self, **arguments: Argument) -> Statement:
        """The statement with these arguments, for `send`."""
        database = _database()
        compiled = self._find(arguments, database)
        return self._nothing if compiled is None else compiled.bind(arguments, database)

    def _find(self, arguments: dict[str, Argument], database: BaseDatabaseWrapper) -> _Compiled | None:
        """The statement for these arguments, whose sequences are padded; None if it can find nothing."""
        shape: list[Any] = [database.vendor]
        for name, argument in arguments.items():
            shape.append(name)
            if isinstance(argument, _SEQUENCES):
                arguments[name] = _padded(argument)
                shape.append(len(arguments[name]))
        key = tuple(shape)
        if key not in self._compiled:
            self._compiled[key] = self._compile_for(arguments, database)
        return self._compiled[key]

    def _compile_for(self, arguments: Mapping[str, Argument], database: BaseDatabaseWrapper) -> _Compiled | None:
        parameters = {name: _parameter(name, argument) for name, argument in arguments.items()}
        try:
            return self._compile(database, **parameters)
        except EmptyResultSet:
            return None


class Select(_Prepared, Generic[Row]):
    """A read: of rows of a model, with what it is joined and annotated with, or of a `values_list`."""

    _nothing = Statement(read=lambda _rows, _database: [])

    def __init__(self, build: Callable[..., "QuerySet[Any, Row]"], *, by: str = "") -> None:
        super().__init__(build)
        self._by = by

    def __call__(self, **arguments: Argument) -> list[Row]:
        """Everything that it finds."""
        if self._by and (read_ahead := _ahead.get()):
            (keys,) = arguments.values()
            if all((self, key) in read_ahead for key in keys):
                return [row for key in keys for row in read_ahead[self, key]]
        return self._read(arguments)

    def read_ahead(self, **arguments: Argument) -> list[Row]:
        """Read for all keys of its one argument that are not known; see Note [Reading ahead]. The rows of all keys."""
        read_ahead, ((name, keys),) = _ahead.get(), arguments.items()
        assert read_ahead is not None, "what is read ahead is kept for the transaction"
        found: dict[Any, list[Row]] = {key: [] for key in keys if (self, key) not in read_ahead}
        for row in self._read({name: set(found)}) if found else ():
            found[getattr(row, self._by)].append(row)
        read_ahead.update({(self, key): of_key for key, of_key in found.items()})
        return [row for key in keys for row in read_ahead[self, key]]

    def know(self, key: Hashable, rows: Iterable[Row]) -> None:
        """Let these rows be what is found under the key, in this transaction; see Note [Just written] of the locks."""
        read_ahead = _ahead.get()
        assert read_ahead is not None, "what is known is known to a transaction"
        read_ahead[self, key] = list(rows)

    def _read(self, arguments: Mapping[str, Argument]) -> list[Row]:
        (rows,) = send(self.of(**arguments))
        return cast(list[Row], rows)

    def find(self, **arguments: Argument) -> Row | None:
        """The first that it finds, or None."""
        return next(iter(self(**arguments)), None)

    def _compile(self, database: BaseDatabaseWrapper, /, **parameters: Any) -> _Compiled:
        queryset = self._build(**parameters)
        compiler = queryset.query.get_compiler(connection=database)
        sql, bound = compiler.as_sql()
        return _Compiled(sql, tuple(bound), _reader(queryset, compiler))


_ahead: "ContextVar[dict[tuple[Select[Any], Hashable], list[Any]] | None]" = ContextVar("read_ahead", default=None)


def begin() -> "Token[Any]":
    """Begin a transaction, in which nothing has been read ahead. Called by `tradecore.db` only."""
    return _ahead.set({})


def end(token: "Token[Any]") -> None:
    _ahead.reset(token)


class _Change(_Prepared):
    """A statement that changes rows. Returns how many it found."""

    def __call__(self, **arguments: Argument) -> int:
        (count,) = send(self.of(**arguments))
        return int(count)


class Update(_Change):
    """A conditional update, built as the rows to change and the new values. Returns how many rows it found."""

    def __init__(self, build: Callable[..., "tuple[QuerySet[Any, Any], Mapping[str, Any]]"]) -> None:
        super().__init__(build)

    def _compile(self, database: BaseDatabaseWrapper, /, **parameters: Any) -> _Compiled:
        queryset, values = self._build(**parameters)
        query = queryset.query.chain(UpdateQuery)
        query.add_update_values({name: _of_field(queryset.model, name, value) for name, value in values.items()})
        return _compile_query(query, database)


class Delete(_Change):
    """Takes rows away, without looking for what hangs on them. Returns how many."""

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"]) -> None:
        super().__init__(build)

    def _compile(self, database: BaseDatabaseWrapper, /, **parameters: Any) -> _Compiled:
        return _compile_query(self._build(**parameters).query.chain(DeleteQuery), database)


def insert(*rows: Model) -> None:
    """Insert rows of one model, all of which have their keys."""
    send(*inserts(rows))
    note_inserted(rows)


def inserts(rows: Sequence[Model]) -> list[Statement]:
    """What inserts rows of one model, for `send`: one statement, or as many as the database takes parameters for."""
    if not rows:
        return []
    database = _database()
    table = _table_of(type(rows[0]), database)
    return [
        Statement(
            table.statement(len(batch)),
            [parameter for row in batch for parameter in table.parameters_of(row, database)],
        )
        for batch in table.batches(rows, database)
    ]


def note_inserted(rows: Iterable[Model]) -> None:
    """Let the rows know that they have been inserted."""
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - documented for any model


def insert_if_new(row: Model) -> bool:
    """Insert a row, unless one with a unique key of it is there. Returns whether it was inserted.

    Where somebody else is just inserting that one, it is waited for. It is for rows whose texts are our own and which
    have no constraints but keys: MariaDB cuts what is too long for its column, and leaves a row out whose foreign key
    leads nowhere, as SQLite does with one that breaks a condition; both say that it was there.
    """
    return insert_those_new([row]) == 1


def insert_those_new(rows: Sequence[Model]) -> int:
    """Insert those rows of one model of which no unique key is there, in one statement; see `insert_if_new`.

    Returns how many. Where that is not all of them, the rows are told by their keys.
    """
    if not rows:
        return 0
    database = _database()
    table = _table_of(type(rows[0]), database)
    sql = database.ops.insert_statement(OnConflict.IGNORE) + table.statement(len(rows)).removeprefix("INSERT INTO")
    (count,) = send(Statement(sql, [parameter for row in rows for parameter in table.parameters_of(row, database)]))
    if count == len(rows):
        note_inserted(rows)
    return int(count)


@dataclass(frozen=True, slots=True)
class Change:
    """New values of one row, which is found by its key, as long as it has the values of `before`."""

    pk: int | str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def change(model: type[Model], changes: Sequence[Change]) -> int:
    """Change rows of one table, each once. Returns how many it found."""
    return sum(send(*changing(model, changes)))


def changing(model: type[Model], changes: Sequence[Change]) -> list[Statement]:
    """What changes rows of one table, each once, for `send`: one statement for those that look alike."""
    alike: dict[Hashable, list[Change]] = {}
    for each in changes:
        alike.setdefault((tuple(each.before.items()), tuple(each.after)), []).append(each)
    return [_changing_alike(model, group) for group in alike.values()]


def _changing_alike(model: type[Model], changes: Sequence[Change]) -> Statement:
    """Rows that are to have had the same values before, and get new ones in the same columns."""
    database, first = _database(), changes[0]
    table = _table_of(model, database)
    key = table.by_name["pk"].quoted
    assignments, parameters = [], list[Any]()
    for name in first.after:
        column = table.by_name[name]
        values = [column.stored(each.after[name], database) for each in changes]
        if all(value == values[0] for value in values):
            assignments.append(f"{column.quoted} = %s")
            parameters.append(values[0])
        else:
            assignments.append(f"{column.quoted} = CASE {key}{' WHEN %s THEN %s' * len(values)} END")
            for each, value in zip(changes, values, strict=True):
                parameters += [each.pk, value]
    conditions = "".join(f" AND {table.by_name[name].quoted} = %s" for name in first.before)
    places = ", ".join(["%s"] * len(changes))
    sql = f"UPDATE {table.quoted} SET {', '.join(assignments)} WHERE {key} IN ({places}){conditions}"  # noqa: S608 - our names
    parameters += [each.pk for each in changes]
    parameters += [table.by_name[name].stored(value, database) for name, value in first.before.items()]
    return Statement(sql, parameters)


@dataclass(frozen=True, slots=True)
class _Column:
    """attribute: what holds it in a row. quoted: its name in SQL. plain: the type of what it takes as it stands."""

    field: "Field[Any, Any]"
    attribute: str
    quoted: str
    plain: type | None

    def stored(self, value: Any, database: BaseDatabaseWrapper) -> Any:
        """What it takes for a value."""
        return value if value is None or type(value) is self.plain else _stored(self.field, value, database)


@dataclass(frozen=True, slots=True)
class _Table:
    """quoted: its name in SQL. columns: in the order in which they are inserted. by_name: the same, and `pk`.

    values_of: what a row holds for them, in the same order.
    """

    quoted: str
    columns: tuple[_Column, ...]
    values_of: Callable[[Model], tuple[Any, ...]]
    by_name: Mapping[str, _Column]
    head: str
    values: str

    def statement(self, count: int) -> str:
        return self.head + ", ".join([self.values] * count)

    def parameters_of(self, row: Model, database: BaseDatabaseWrapper) -> list[Any]:
        """What its columns take, as `_Column.stored` says: most take what is there, which is seen without a call."""
        return [
            value if value is None or type(value) is column.plain else _stored(column.field, value, database)
            for column, value in zip(self.columns, self.values_of(row), strict=True)
        ]

    def batches(self, rows: Sequence[Model], database: BaseDatabaseWrapper) -> list[Sequence[Model]]:
        """The rows, as many together as one statement takes: any takes one."""
        if len(rows) == 1:
            return [rows]
        size = database.ops.bulk_batch_size([column.field for column in self.columns], rows)
        return [rows[start : start + size] for start in range(0, len(rows), size)]


_tables: dict[tuple[str, type[Model]], _Table] = {}


def _table_of(model: type[Model], database: BaseDatabaseWrapper) -> _Table:
    key = (database.vendor, model)
    if key not in _tables:
        _tables[key] = _describe(model, database)
    return _tables[key]


def _describe(model: type[Model], database: BaseDatabaseWrapper) -> _Table:
    quote, meta = database.ops.quote_name, model._meta  # noqa: SLF001 - documented
    columns = tuple(
        _Column(field, field.attname, quote(str(field.column)), _plain_type(field)) for field in meta.concrete_fields
    )
    assert len(columns) > 1, "a row has more than a key"
    by_name = {name: column for column in columns for name in (column.field.name, column.attribute)}
    table = quote(meta.db_table)
    return _Table(
        quoted=table,
        columns=columns,
        values_of=attrgetter(*(column.attribute for column in columns)),
        by_name=by_name | {"pk": by_name[meta.pk.name]},
        head=f"INSERT INTO {table} ({', '.join(column.quoted for column in columns)}) VALUES ",  # noqa: S608 - our names
        values=f"({', '.join(['%s'] * len(columns))})",
    )


def _plain_type(field: "Field[Any, Any]") -> type | None:
    of = field.target_field if isinstance(field, ForeignKey) else field
    return _PLAIN.get(of.get_internal_type())


def _stored(field: "Field[Any, Any]", value: Any, database: BaseDatabaseWrapper) -> Any:
    """What a column takes for a value that it does not take as it stands. A moment has its form from the database."""
    if isinstance(field, DateTimeField) and type(value) is datetime and value.tzinfo is not None:
        return _moment(value, database)
    return field.get_db_prep_save(value, database)


def _database() -> BaseDatabaseWrapper:
    """The connection of this thread, for which Django's `connection` looks again at each of its attributes."""
    return connections[DEFAULT_DB_ALIAS]


def _parameter(name: str, argument: Argument) -> Any:
    if isinstance(argument, _SEQUENCES):
        return [Parameter(name, index) for index in range(len(argument))]
    return Parameter(name)


def _padded(argument: Any) -> tuple[Any, ...]:
    items = tuple(argument)
    missing = (1 << (len(items) - 1).bit_length()) - len(items) if items else 0
    return items + items[-1:] * missing


def _value(place: _Place, arguments: Mapping[str, Argument], database: BaseDatabaseWrapper) -> Any:
    argument = arguments[place.name]
    if place.field is not None:
        return _stored(place.field, argument, database)
    value = argument if place.index is None else argument[place.index]
    return _moment(value, database) if isinstance(value, datetime) else value


def _moment(value: datetime, database: BaseDatabaseWrapper) -> Any:
    """The form of a moment in the database. Of a zone that has summer, two moments can be equal: none is remembered."""
    return _moment_of_utc(value, database.vendor) if value.tzinfo is UTC else _adapted(value)


@lru_cache(maxsize=256)
def _moment_of_utc(value: datetime, _vendor: str) -> Any:
    """The same, remembered: a use case has one `now`, which dozens of its columns take."""
    return _adapted(value)


def _adapted(value: datetime) -> Any:
    return _database().ops.adapt_datetimefield_value(value)


def _of_field(model: type[Model], name: str, value: Any) -> Any:
    """A parameter that is written as it is takes the form that its field gives it."""
    if not isinstance(value, Parameter):
        return value
    field = model._meta.get_field(name)  # noqa: SLF001 - documented
    assert isinstance(field, Field), "only columns are written"
    return Parameter(value.place.name, field=field)


def _compile_query(query: Query, database: BaseDatabaseWrapper) -> _Compiled:
    sql, parameters = query.get_compiler(connection=database).as_sql()
    return _Compiled(sql, tuple(parameters))


def _reader(queryset: "QuerySet[Any, Any]", compiler: Any) -> Reader:
    """What makes of the rows of the database what the queryset would have."""
    converters = compiler.get_converters([column for column, _, _ in compiler.select])
    make = _maker(queryset, compiler)

    def read(rows: Sequence[Any], database: BaseDatabaseWrapper) -> list[Any]:
        return [make(_converted(row, converters, database)) for row in rows]

    return read


def _converted(row: Sequence[Any], converters: Mapping[int, Any], database: BaseDatabaseWrapper) -> Sequence[Any]:
    values = list(row)
    for position, (converts, expression) in converters.items():
        for convert in converts:
            values[position] = convert(values[position], expression, database)
    return values


def _maker(queryset: "QuerySet[Any, Any]", compiler: Any) -> Callable[[Sequence[Any]], Any]:
    kind = queryset._iterable_class  # noqa: SLF001 - what a queryset makes of a row it says nowhere else
    if kind is ModelIterable:
        return _model_maker(compiler)
    if kind is FlatValuesListIterable:
        return itemgetter(0)
    assert kind is ValuesListIterable, "rows are instances or tuples"
    return tuple


def _instance_of(model: type[Model], names: Sequence[str], values: Sequence[Any]) -> Model:
    """What `from_db` makes of a row, but announced to nobody: no signal of ours is sent when an instance is made."""
    made = model.__new__(model)
    made._state = state = ModelState()  # noqa: SLF001 - documented for any model
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    made.__dict__.update(zip(names, values, strict=True))
    return made


def _model_maker(compiler: Any) -> Callable[[Sequence[Any]], Model]:
    info, select = compiler.klass_info, compiler.select
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, _, _ in select[start:end]]
    related = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
    annotations = tuple(compiler.annotation_col_map.items())

    def make(row: Sequence[Any]) -> Model:
        made = _instance_of(info["model"], names, row[start:end])
        for populator in related:
            populator.populate(row, made)
        for name, position in annotations:
            setattr(made, name, row[position])
        return made

    return make
