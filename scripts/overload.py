"""Let ten times as many buyers come as can be served, and see how many are, and that it is over when they have gone.

The product as in production, made small so that the crowd has a core to spare: one web process of ten threads, and a
payment provider that takes 300 ms. It runs on a private MariaDB and Redis, which are ended with it. Prints what was
sold, writes a chart of it, and exits with 1 when anything is not as promised.
"""

import argparse
import asyncio
import itertools
import os
import secrets
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from crowd import stage
from crowd.chart import draw
from crowd.client import Client
from crowd.experiment import Experiment, Findings, Plan
from machine import entry, needs, runs, venv
from machine.paths import LOCAL, ROOT

USER = "crowd"
#: Of a machine's processors so much is all of them.
FULL = 0.97
ADDRESS = {
    "recipient": "Crowd",
    "line1": "1 High Street",
    "city": "Norwich",
    "postal_code": "NR1 1EF",
    "country": "GB",
}


def main() -> int:
    plan, chart = _read_arguments()
    venv.sync("base")
    machine = needs.prepare(browser=False)
    if machine.servers is None:
        print("\n".join(["This needs MariaDB and Redis.", *machine.left_out.values()]))
        return 1
    with runs.run("overload") as the_run:
        stores = the_run.start_servers(machine.servers)
        settings = stage.production(stores, user=(USER, secrets.token_hex(16)), folder=the_run.folder)
        _prepare(the_run, stores, settings)
        mark = {**the_run.environment, **settings}
        with (
            stage.provider(mark, folder=the_run.folder) as url,
            stage.web({**mark, "SANDBOX_PROVIDER_URL": url}, threads=plan.threads, folder=the_run.folder) as (
                port,
                pid,
            ),
        ):
            workers = stage.children_of(pid)
            findings = asyncio.run(_run(port, plan, lambda: stage.cpu_s(workers)))
            restarted = workers != stage.children_of(pid)
    _show(findings)
    chart.write_text(draw(findings.chart()))
    print(f"\nThe chart: {chart}")
    faults = [*findings.faults(), *(["the web process was restarted"] if restarted else [])]
    print("\n".join(f"NOT AS PROMISED: {fault}" for fault in faults) or "As promised.")
    return 1 if faults else 0


def _read_arguments() -> tuple[Plan, Path]:
    default = Plan()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=default.threads, help="threads of the web process (%(default)s)")
    parser.add_argument("--seconds", type=int, default=default.crowd_s, help="how long the crowd stays (%(default)s)")
    parser.add_argument("--rest", type=int, default=default.rest_s, help="when all must be as before (%(default)s)")
    parser.add_argument("--calm", type=int, default=default.calm_s, help="seconds before and after (%(default)s)")
    parser.add_argument("--chart", type=Path, default=LOCAL / "overload.svg", help="the SVG file (%(default)s)")
    asked = parser.parse_args()
    plan = Plan(threads=asked.threads, calm_s=asked.calm, crowd_s=asked.seconds, rest_s=asked.rest)
    return plan, asked.chart


def _prepare(the_run: runs.Run, stores: dict[str, str], settings: dict[str, str]) -> None:
    print("Building shops ...", flush=True)
    password = settings["DATABASE_URL"].partition(f"{USER}:")[2].partition("@")[0]
    large = {name: str(10**9) for name in ("STOCK_CHANGE_MAX_PIECES", "STOCK_FILLING_MAX_PIECES")}
    setting_up = {
        **stores,
        **large,
        "TRADECORE_ENV": "embedded",
        "STOCK_CHANGE_MIN_PIECES": str(10**9),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "scripts")]),
    }
    code = the_run.call(venv.PYTHON, "-m", "crowd.shop", USER, password, variables=setting_up)
    if code:
        raise subprocess.CalledProcessError(code, "crowd.shop")


async def _run(port: int, plan: Plan, server_cpu_s: Callable[[], float]) -> Findings:
    client = Client(port)
    try:
        wish = _wishes((await client.ask("GET", "/store/v1/products?market=GB&page_size=100")).document)
        say = partial(print, flush=True)
        experiment = Experiment(
            client, plan, wish=wish, server_cpu_s=server_cpu_s, machine_cpu_s=stage.machine_cpu_s, say=say
        )
        return await experiment.run()
    finally:
        client.close()


def _wishes(products: Any) -> Callable[[], Any]:
    """One piece of one thing each, in turn."""
    skus = itertools.cycle([sku["id"] for product in products["items"] for sku in product["skus"]])

    def wish() -> Any:
        lines = [{"sku_id": next(skus), "quantity": 1}]
        return {"market": "GB", "lines": lines, "delivery_option": "standard", "address": ADDRESS}

    return wish


def _show(findings: Findings) -> None:
    begin, end = findings.crowd
    print("\n second  buyers  bought  refused  unanswered")
    for number, second in enumerate(findings.seconds):
        crowd = "  crowd" if begin <= number < end else ""
        print(f"{number:7} {second.wanted:7} {second.bought:7} {second.refused:8} {second.unanswered:11}{crowd}")
    refusals = findings.refusals_s or [0.0]
    late = refusals[int(len(refusals) * 0.99)]
    earlier, later = findings.capacities
    print(f"\nCapacity: {earlier:.1f}/s before all of it, {later:.1f}/s after it.")
    print(f"Goodput under the crowd: {findings.goodput:.1f}/s, {findings.goodput / findings.capacity:.2f} of capacity.")
    half_ms, late_ms = median(refusals) * 1000, late * 1000
    print(f"Refusals: {len(refusals)}, half of them within {half_ms:.1f} ms, 99 % within {late_ms:.0f} ms.")
    print(f"A purchase takes {findings.before_s:.2f} s before the crowd, {findings.after_s:.2f} s after it.")
    cores = os.cpu_count() or 1
    print(
        f"The crowd itself took {findings.client_cpu:.2f} of a core, the server {findings.server_cpu:.2f}; "
        f"everything on this machine {findings.machine_cpu:.2f} of its {cores}."
    )
    if findings.machine_cpu > cores * FULL:
        print("The machine had no time to spare: this says as much of what else it did as of the server.")


if __name__ == "__main__":
    entry.leave_with(main)
