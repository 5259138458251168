"""The form of requests and, for the OpenAPI document, of answers."""
