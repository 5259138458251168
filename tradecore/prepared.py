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
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.models.sql import DeleteQuery, Query, UpdateQuery

Row = TypeVar("Row")
Argument = Any
_SEQUENCES = (tuple, set, frozenset)


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
class _Compiled:
    sql: str
    parameters: tuple[Any, ...]
    read: Callable[[Sequence[Any]], list[Any]] = list

    def bind(self, arguments: Mapping[str, Argument]) -> list[Any]:
        return [_value(each, arguments) if type(each) is _Place else each for each in self.parameters]


class _Prepared:
    """A statement for each shape of its arguments: their names, and how many items each of their sequences has."""

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._compiled: dict[Any, _Compiled | None] = {}

    def _compile(self, *parameters: Any, **named: Any) -> _Compiled:
        raise NotImplementedError

    def _find(self, arguments: dict[str, Argument]) -> _Compiled | None:
        """The statement for these arguments, whose sequences are padded; None if it can find nothing."""
        shape: list[Any] = [connection.vendor]
        for name, argument in arguments.items():
            shape.append(name)
            if isinstance(argument, _SEQUENCES):
                arguments[name] = _padded(argument)
                shape.append(len(arguments[name]))
        return self._compiled_for(tuple(shape), arguments)

    def _compiled_for(self, shape: tuple[Any, ...], arguments: Mapping[str, Argument]) -> _Compiled | None:
        if shape not in self._compiled:
            self._compiled[shape] = self._compile_for(arguments)
        return self._compiled[shape]

    def _compile_for(self, arguments: Mapping[str, Argument]) -> _Compiled | None:
        parameters = {name: _parameter(name, argument) for name, argument in arguments.items()}
        try:
            return self._compile(**parameters)
        except EmptyResultSet:
            return None


class Select(_Prepared, Generic[Row]):
    """A read: of rows of a model, with what it is joined and annotated with, or of a `values_list`."""

    def __init__(self, build: Callable[..., "QuerySet[Any, Row]"]) -> None:
        super().__init__(build)

    def __call__(self, **arguments: Argument) -> list[Row]:
        """Everything that it finds."""
        compiled = self._find(arguments)
        if compiled is None:
            return []
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, compiled.bind(arguments))
            return compiled.read(cursor.fetchall())

    def find(self, **arguments: Argument) -> Row | None:
        """The first that it finds, or None."""
        return next(iter(self(**arguments)), None)

    def _compile(self, **parameters: Any) -> _Compiled:
        queryset = self._build(**parameters)
        compiler = queryset.query.get_compiler(connection=connection)
        sql, bound = compiler.as_sql()
        return _Compiled(sql, tuple(bound), _reader(queryset, compiler))


class Update(_Prepared):
    """A conditional update, built as the rows to change and the new values. Returns how many rows it found."""

    def __init__(self, build: Callable[..., "tuple[QuerySet[Any, Any], Mapping[str, Any]]"]) -> None:
        super().__init__(build)

    def __call__(self, **arguments: Argument) -> int:
        return _change(self._find(arguments), arguments)

    def _compile(self, **parameters: Any) -> _Compiled:
        queryset, values = self._build(**parameters)
        query = queryset.query.chain(UpdateQuery)
        query.add_update_values({name: _of_field(queryset.model, name, value) for name, value in values.items()})
        return _compile_query(query)


class Delete(_Prepared):
    """Takes rows away, without looking for what hangs on them. Returns how many."""

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"]) -> None:
        super().__init__(build)

    def __call__(self, **arguments: Argument) -> int:
        return _change(self._find(arguments), arguments)

    def _compile(self, **parameters: Any) -> _Compiled:
        return _compile_query(self._build(**parameters).query.chain(DeleteQuery))


def insert(*rows: Model) -> None:
    """Insert rows of one model, all of which have their keys, with one statement for each thousand or so."""
    if not rows:
        return
    table = _table_of(type(rows[0]))
    for batch in table.batches(rows):
        parameters = [parameter for row in batch for parameter in table.parameters_of(row)]
        with connection.cursor() as cursor:
            cursor.execute(table.statement(len(batch)), parameters)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - documented for any model


@dataclass(frozen=True, slots=True)
class _Table:
    fields: "tuple[Field[Any, Any], ...]"
    head: str
    values: str

    def statement(self, count: int) -> str:
        return self.head + ", ".join([self.values] * count)

    def parameters_of(self, row: Model) -> list[Any]:
        return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in self.fields]

    def batches(self, rows: Sequence[Model]) -> list[Sequence[Model]]:
        size = connection.ops.bulk_batch_size(self.fields, rows)
        return [rows[start : start + size] for start in range(0, len(rows), size)]


_tables: dict[tuple[str, type[Model]], _Table] = {}


def _table_of(model: type[Model]) -> _Table:
    key = (connection.vendor, model)
    if key not in _tables:
        quote, fields = connection.ops.quote_name, tuple(model._meta.concrete_fields)  # noqa: SLF001 - documented
        columns = ", ".join(quote(str(field.column)) for field in fields)
        table = quote(model._meta.db_table)  # noqa: SLF001 - documented
        _tables[key] = _Table(
            fields=fields,
            head=f"INSERT INTO {table} ({columns}) VALUES ",  # noqa: S608 - names of our own tables
            values=f"({', '.join(['%s'] * len(fields))})",
        )
    return _tables[key]


def _parameter(name: str, argument: Argument) -> Any:
    if isinstance(argument, _SEQUENCES):
        return [Parameter(name, index) for index in range(len(argument))]
    return Parameter(name)


def _padded(argument: Any) -> tuple[Any, ...]:
    items = tuple(argument)
    missing = (1 << (len(items) - 1).bit_length()) - len(items) if items else 0
    return items + items[-1:] * missing


def _value(place: _Place, arguments: Mapping[str, Argument]) -> Any:
    argument = arguments[place.name]
    if place.field is not None:
        return place.field.get_db_prep_save(argument, connection)
    value = argument if place.index is None else argument[place.index]
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _of_field(model: type[Model], name: str, value: Any) -> Any:
    """A parameter that is written as it is takes the form that its field gives it."""
    if not isinstance(value, Parameter):
        return value
    field = model._meta.get_field(name)  # noqa: SLF001 - documented
    assert isinstance(field, Field), "only columns are written"
    return Parameter(value.place.name, field=field)


def _compile_query(query: Query) -> _Compiled:
    sql, parameters = query.get_compiler(connection=connection).as_sql()
    return _Compiled(sql, tuple(parameters))


def _change(compiled: _Compiled | None, arguments: Mapping[str, Argument]) -> int:
    if compiled is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(compiled.sql, compiled.bind(arguments))
        return int(cursor.rowcount)


def _reader(queryset: "QuerySet[Any, Any]", compiler: Any) -> Callable[[Sequence[Any]], list[Any]]:
    """What makes of the rows of the database what the queryset would have."""
    converters = compiler.get_converters([column for column, _, _ in compiler.select])
    make = _maker(queryset, compiler)

    def read(rows: Sequence[Any]) -> list[Any]:
        return [make(_converted(row, converters)) for row in rows]

    return read


def _converted(row: Sequence[Any], converters: Mapping[int, Any]) -> Sequence[Any]:
    values = list(row)
    for position, (converts, expression) in converters.items():
        for convert in converts:
            values[position] = convert(values[position], expression, connection)
    return values


def _maker(queryset: "QuerySet[Any, Any]", compiler: Any) -> Callable[[Sequence[Any]], Any]:
    kind = queryset._iterable_class  # noqa: SLF001 - what a queryset makes of a row it says nowhere else
    if kind is ModelIterable:
        return _model_maker(compiler)
    if kind is FlatValuesListIterable:
        return itemgetter(0)
    assert kind is ValuesListIterable, "rows are instances or tuples"
    return tuple


def _model_maker(compiler: Any) -> Callable[[Sequence[Any]], Model]:
    info, select = compiler.klass_info, compiler.select
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, _, _ in select[start:end]]
    related = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg]
    annotations = tuple(compiler.annotation_col_map.items())

    def make(row: Sequence[Any]) -> Model:
        made: Model = info["model"].from_db(connection.alias, names, row[start:end])
        for populator in related:
            populator.populate(row, made)
        for name, position in annotations:
            setattr(made, name, row[position])
        return made

    return make
