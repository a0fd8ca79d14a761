"""Reads records from training files and checks the files before they are uploaded."""
