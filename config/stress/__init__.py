"""The stress test: a shadow of the database, marked requests that rise until something gives way, and what that was.

It owns nothing for longer than a run. It promises that no row of the real tables changes by it, and proves it.
"""
