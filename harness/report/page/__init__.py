"""Presents a run as one HTML page that works offline.

`contents` gathers the contents, `held_samples` and `packing` select and pack the samples, and `writing` fills
in `page.html`. This package needs the extra `report`, which installs jinja2.
"""
