"""The tour: the life of an order over HTTP, against a marketplace that runs.

Owns a client of the REST interface, and the story that it tells with it.
Promises to end within two minutes, and to fail when anything is not as promised.
Refuses to know any app: it sees what every client sees.
"""
