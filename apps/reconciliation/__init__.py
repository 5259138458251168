"""Reconciliation: loss prevention. It watches the books of every app, and stops what is broken from spreading.

Owns the named invariants, each one query over tables of others that returns the rows which break it, the breaks that
were found, and the runs that looked. Promises that every invariant is asked in one snapshot, that a break names its row
and the money at risk, and that nothing is ever repaired here: a break freezes what it is about, and a person decides.
Refuses to know how anything came about: it reads tables, and acts through public doors only.
"""
