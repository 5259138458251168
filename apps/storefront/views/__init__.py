"""The routes of the storefront: read the request, call once, render."""
