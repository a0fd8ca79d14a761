"""What people read of a run: gathered as data first, rendered second."""
