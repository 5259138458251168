"""The benchmark: how many purchases a second this machine makes, what each costs, and against what floor.

`scripts/benchmark.py` starts MariaDB and Redis and then this package as a program (`__main__.py`), which is the driver:

    place.py      users of the database, production settings, gunicorn
    stage.py      what is for sale: a process of its own, because it is the only one that needs the product
    crew.py       the buyers: processes that buy in a closed loop; scenarios/ has what each of them does
    counters.py   what the server has counted, and what processes have cost
    rounds.py     warm-up, rounds, and what comes of them
    checks.py     nothing sold that was not there, nothing there that was not sold; the books agree
    figures.py    medians and percentiles
    report.py     the table, and the document
    floor/        the least SQL of a paid order, with HTTP around it and without
"""
