"""What `rft init` writes: a project of the user's own around the installed package."""
