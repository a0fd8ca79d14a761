"""Writes the projects of `rft init` and `rft import`: the user's files around the installed package."""
