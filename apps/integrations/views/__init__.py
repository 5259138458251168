"""The routes of integrations."""
