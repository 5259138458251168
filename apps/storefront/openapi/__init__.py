"""What the OpenAPI document says of each route: one decorator per method, in the order of the views."""
