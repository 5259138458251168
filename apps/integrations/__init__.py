"""Integrations: where other systems come in and where messages go out.

Owns the routes of webhooks, events and OAuth2, the operators' API, and the port through which buyers and sellers are
told things. Promises that a webhook is verified and stored before it is answered, and changes nothing else.
Refuses to decide what a fact means: the flows do.
"""
