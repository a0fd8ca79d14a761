"""Importers that convert data of other tools to records and rollouts."""
