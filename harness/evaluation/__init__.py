"""Models compared on held-out records, with intervals."""
