"""The writes of orders, one module per part of an order's life."""
