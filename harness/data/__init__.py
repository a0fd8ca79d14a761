"""Reads training files as records, and checks a file before it is uploaded."""
