"""Back office: the operators' pages that show several apps at once.

Owns pages of the admin and nothing else: no table, no rule.
Promises that money and history are read-only here, for superusers too.
Refuses to change anything but through the public doors of the apps below.
"""
