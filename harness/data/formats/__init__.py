"""Importers that convert rows of other tools to records and rollouts."""
