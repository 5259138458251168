"""The writes of ledger, one module per verb."""
