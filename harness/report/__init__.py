"""Presents runs to people. Each report first gathers its data and then renders it."""
