"""Accounts: the people who buy, sell and operate here, and the guests who only buy.

Owns users and their passwords, the tokens of the first-party application, guest principals, address books, and who
works for which shop.
Promises that an e-mail address belongs to one user, that a password lies nowhere in clear, that nobody learns from an
answer whether somebody has an account (signing up excepted), and that no log, event or audit entry holds personal data.
Refuses to know shops (they are an id here), orders, and how a letter reaches anybody.
"""
