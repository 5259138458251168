"""Reconciliation: loss prevention. It watches the books of every app, and stops what is broken from spreading.

Owns the named invariants, each one query over tables of others that returns the rows which break it, the breaks that
were found, and the runs that looked; the fuses; and the files of providers and banks, line by line. Promises that every
invariant is asked in one snapshot, that a break names its row and the money at risk, and that nothing is ever repaired
here: a break freezes what it is about, and a person decides. What provider and bank tell as we do is posted, once.
Refuses to know how anything came about: it reads tables, and acts through public doors only.

`invariants` says what is always true, `fuses` what is usual, `files` what outsiders tell; `services` look and write
down; `drill` breaks a copy of it all on purpose.
"""
