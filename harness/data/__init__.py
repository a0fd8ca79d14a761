"""Training data: reads JSON lines as records, and checks a file before it is uploaded."""
