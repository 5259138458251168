"""What a buyer does in each scenario, a class for each."""
