"""Makes the sample data that ships in `harness/samples`."""
