"""Training data: JSON lines read as records, and the rules that a file must keep before it is uploaded."""
