"""Rows of other tools, converted to records and rollouts: one importer a file, listed in `all_importers`."""
