"""A run as one HTML page that works without a network: what it holds, how it is drawn, and how it is written.

`contents` says what the page holds, `held_samples` and `packing` carry the samples, `writing` fills in
`page.html`. Needs the extra `report`, which brings jinja2.
"""
