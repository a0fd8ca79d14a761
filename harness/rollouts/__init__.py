"""Reads rollouts from files, requests them from models, or makes them from records alone."""
