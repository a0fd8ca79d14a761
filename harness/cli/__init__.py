"""The `rft` command line. Each verb has a thin module that is imported only when the verb is run."""
