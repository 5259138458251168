"""The replay: orders that were recorded elsewhere, lived again through the public doors.

Owns no table: what has been lived is found again by natural keys, so a run that was killed goes on where it stood, and
a second one changes nothing. Promises that recorded times are the clock, that nothing recorded is left out silently,
and that its report is read from the books and not from the files. Refuses to know how an order works: the flows do.

`records` and `files` are what was recorded; `lives` and `defaults` what follows from it, as pure functions; `market`
and `listing` set the stage under a `fee_plan`; `buying` and `living` act, `settling` and `paying_out` after them;
`outcomes`, `statements` and `report` read and say what came of it, beside the `earnings` that the record comes to;
`rehearsing` only puts in place what others then buy; `run` does all of it in order, with its `workers`, before the
`screen`.
"""
