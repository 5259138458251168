"""A crowd for the overload experiment: buyers who speak HTTP, what they saw second by second, and a chart of it.

It knows nothing of the product but its addresses.
"""
