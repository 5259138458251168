"""The routes of the seller desk: read the request, call once, render."""
