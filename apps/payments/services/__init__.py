"""The writes of payments, one module per verb."""
