"""Programs for developers of this project, which are not part of the wheel."""
