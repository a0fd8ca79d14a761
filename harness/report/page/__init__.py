"""A run as one HTML page that works offline: its contents, its charts, and writing the file.

`contents` gathers the page, `held_samples` and `packing` carry the samples, and `writing` fills in
`page.html`. Needs the extra `report`, which installs jinja2.
"""
