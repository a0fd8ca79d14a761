"""Writes the projects that `rft init` and `rft import` create around the installed package."""
