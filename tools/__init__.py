"""Programs for whoever works on this project; none of them is in the wheel."""
