"""The writes of inventory, one file per verb."""
