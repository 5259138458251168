"""The flash sale: thousands of attempts on a few pieces, by the product as in production.

`scripts/flash_sale.py` starts MariaDB and Redis and then this package as a program (`__main__.py`). Place, stage,
client and crew are those of the benchmark (`bench`).

    options.py    what one may ask of it
    crowd.py      who comes, and what each of them does
    wiping.py     Redis, emptied again and again meanwhile
    verdict.py    what was promised, and whether it holds
"""
