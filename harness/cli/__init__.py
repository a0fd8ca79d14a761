"""The `rft` command line: one thin file per verb, imported only when it is called."""
