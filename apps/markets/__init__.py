"""Markets: where is sold, in which money, under which taxes, by which calendar and which clocks.

Owns markets, their tax rates, holidays, clocks and delivery options; all of them data, each rule with the day from
which it holds.
Promises that what was in force at a moment can still be asked for: a rule that has begun never changes.
Refuses to know what is sold, by whom and for how much; the arithmetic of taxes is not here either.
"""
