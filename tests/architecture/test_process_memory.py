"""What a process remembers between requests: by world, or shared for a reason. Decision 36 has the list for people.

A request of a stress test is served by the same process as a buyer's, in another world. Whatever a module keeps may
carry something from one to the other, so whoever keeps something new decides: by `tradecore.worlds.ByWorld` (as Memo,
Watched and Circuits do), or here, with the reason why both worlds may share it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from config.settings import BASE_DIR

ROOTS = ("tradecore", "apps", "config")
#: What makes something that changes. Memo, Watched, Circuits and ByWorld are kept by world.
CHANGING = frozenset(
    {
        "Circuit",
        "Group",
        "Counter",
        "LocalStore",
        "RateLimits",
        "RetryBudget",
        "WeakSet",
        "count",
        "defaultdict",
        "deque",
        "dict",
    }
    | {"list", "local", "set"}
)
CACHES = frozenset({"cache", "lru_cache"})

#: Module and name -> why both worlds may share it.
SHARED = {
    "tradecore/admin.py money": "functions of columns",
    "tradecore/alarms.py _seen_since": "of the process and its server, which both worlds share",
    "tradecore/breakers.py _all": "for tests, which close all circuits",
    "tradecore/clock.py _latest": "time is the same in both worlds: the server is",
    "tradecore/clock.py _reading": "time is the same in both worlds: the server is",
    "tradecore/degradation.py _held": "of the process and its server, which both worlds share",
    "tradecore/http/fields.py form_of": "functions of classes",
    "tradecore/http/marks.py _refused": "how many marks were refused",
    "tradecore/http/rate_limits.py LIMITS": "rules; the buckets have other keys in the shadow",
    "tradecore/ids.py _generator": "no id of one world is one of the other",
    "tradecore/locks.py _locking": "functions of models",
    "tradecore/memo.py _all": "for tests, which empty all memories",
    "tradecore/outbox.py _newest": "SQL, which names no schema",
    "tradecore/outbox.py _oldest": "SQL, which names no schema",
    "tradecore/prepared.py _moment_of_utc": "texts of moments",
    "tradecore/prepared.py _tables": "SQL, which names no schema",
    "tradecore/refused_writes.py _was_noticed": "of the server, which both worlds share",
    "tradecore/revisions.py _all": "the values by name, each kept by world",
    "tradecore/revisions.py _watcher": "a thread, which lives in the real world",
    "tradecore/timers.py _due": "SQL, which names no schema",
    "tradecore/worker_leases.py _held": "of the process, and leased in the real world always",
    "tradecore/cache.py CIRCUIT": "to Redis, which both worlds share",
    "tradecore/metric_files.py _names": "of processes",
    "tradecore/metrics.py LABELS": "names of metrics",
    "tradecore/metrics.py _quiet_until": "of the log",
    "tradecore/metrics.py _read": "functions; what is counted is of the process, and no money of the shadow is",
    "tradecore/samples.py _watcher": "a thread, which lives in the real world",
    "apps/accounts/services/guests.py _open": "by the salt of the world",
    "apps/checkout/quote.py _open": "by the salt of the world",
    "apps/payments/sandbox/book.py _books": "which books are open, for a fork",
    "apps/payments/sandbox/book.py _held_for_fork": "which books are open, for a fork",
    "apps/reconciliation/drill/hands.py TAMPERINGS": "a table of functions; drills are no requests",
    "apps/reconciliation/drill/life.py _numbers": "drills are no requests",
    "apps/reconciliation/drill/scratch.py _made": "drills are no requests",
    "config/celery.py _tickers": "of workers, who live in the real world",
    "config/traffic.py classify": "rules of paths",
    "config/gunicorn.py _embedded_worker": "of the process",
    "config/tasks.py _BROKER": "of workers, who live in the real world",
    "config/tasks.py _last_woken": "of workers, who live in the real world",
}


def kept_by(path: Path) -> Iterator[str]:
    """The names that a module keeps something under that may change."""
    tree = ast.parse(path.read_text())
    yield from (name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)
    own = frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef) and keeps(node))
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and changes(node.value, own):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield ast.unparse(target)
        if isinstance(node, ast.FunctionDef) and any(name_of(each) in CACHES for each in node.decorator_list):
            yield node.name


def keeps(made: ast.ClassDef) -> bool:
    """Whether what is made of a class of the module keeps something that changes, as its own."""
    return any(
        isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and changes(node.value)
        for node in ast.walk(made)
        if isinstance(getattr(node, "target", None) or getattr(node, "targets", [None])[0], ast.Attribute)
    )


def changes(value: ast.expr, own: frozenset[str] = frozenset()) -> bool:
    """own: the classes of the module whose instances change."""
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=made):
            return name_of(made) in CHANGING | own
    return False


def name_of(expression: ast.expr) -> str:
    """The last name of what is called: `functools.cache`, `Memo[int, str]`, `lru_cache(9)`."""
    match expression:
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return name_of(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def everything_kept() -> set[str]:
    files = (path for root in ROOTS for path in (BASE_DIR / root).rglob("*.py") if "migrations" not in path.parts)
    return {f"{path.relative_to(BASE_DIR)} {name}" for path in files for name in kept_by(path)}


def test_is_kept_by_world_or_shared_for_a_reason() -> None:
    assert everything_kept() == set(SHARED)


def test_is_found_in_whatever_form_it_is_kept(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "import functools\n"
        "a = {}\nb: list[int] = []\nc = set()\nd = collections.Counter[str]()\ne = Circuit('x', failures=1)\n"
        "f = None\ndef g():\n    global f\n    f = 1\n@functools.lru_cache(9)\ndef h(): ...\n"
        "i = frozenset()\nj = {1: 2}\nk = Memo[int, str](ttl_s=1)\nl: dict[int, int]\n"
        "class M:\n    def __init__(self):\n        self.counts: Counter[int] = Counter()\n"
        "class N:\n    def read(self):\n        found = []\n        return found\n"
        "m = M()\nn = N()\no = ByWorld(M)\n"
    )
    assert set(kept_by(module)) == {"a", "b", "c", "d", "e", "f", "h", "m"}
