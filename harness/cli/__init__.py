"""The `rft` command line. Each verb has a thin module, which is imported only when the verb is called."""
