"""The writes of promotions, one file per verb."""
