"""Importers: they convert rows of other tools to records and rollouts. `all_importers` lists them."""
