"""How an event is graded: declaration, handler, scoring, timing, telemetry. Private to the library.

The harness uses `scoring.score`, which is marked for it; nothing else here is promised to anyone.
"""
