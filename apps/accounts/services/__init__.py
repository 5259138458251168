"""The writes of accounts, one module per subject."""
