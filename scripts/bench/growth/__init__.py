"""Growth: what a request costs when there is a thousand times as much in the tables, and what the background bears.

`scripts/growth.py` starts MariaDB and Redis and then this package as a program (`__main__.py`), part by part:

    purchases.py    a purchase and lists of orders, before and after the tables are filled
    fill.py         the filling: siblings of what was really bought, by INSERT ... SELECT
    promotions.py   quotes among many promotions, and of many lines under many rules
    relay.py        a backlog of events, relayed while somebody goes on buying
    timers.py       what a sweep costs beside many pending timers, and how late the due ones fire
    findings.py     ratios and what they may be at most; the table, and the document

`build_people.py`, `build_promotions.py`, `drain.py` and `sweep.py` are programs of their own, because they need the
product.
"""
