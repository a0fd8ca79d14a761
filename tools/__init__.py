"""Programs for developers of this project; the wheel does not include them."""
