"""The command line `rft`: one verb a file, each thin, all imported lazily by `main`."""
