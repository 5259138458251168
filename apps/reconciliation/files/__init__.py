"""The files of providers and banks: fetched, kept line by line, compared with what we know, posted where they agree.

# Note [Files]
Providers settle by day, banks keep statements by day, and both are fetched without a gap, so that whatever stands in no
file can be told from what nobody has looked at. Every line is kept once, as it was first told; a file that is fetched
again adds what it says anew, and a correction is a line of its own. A line is compared with what it is about until it
agrees, and is posted in that moment, so that PSP_CLEARING comes to nothing for each capture; what does not agree is
never posted, and stands among the invariants I30 until somebody has found out why.
"""
