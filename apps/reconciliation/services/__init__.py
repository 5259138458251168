"""The writes of reconciliation."""
