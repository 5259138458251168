"""The drill: a scratch copy of the books is broken on purpose, once per invariant, to see that exactly that is found.

# Note [Drill]
The copy is made for the drill, in a database that the drill creates and drops, and filled by living a few orders
through the same doors as everybody. Then each invariant is broken by hand, as somebody with the rights of the server
could, looked for by the ordinary run, and undone. Nothing here touches a database that this process has not made.

`scratch` makes the database, `life` fills it, `tamperings` break it, and `run` looks whether that was found.
"""
