"""The pages of docs/ that are rendered from the code: states, events, refusals.

Owns how these pages look, and nothing that stands on them.
Promises that a page says what the code says: a test renders each anew and compares.
Refuses to explain: what a state, a fact or a refusal means stands in its docstring, or nowhere.
"""
