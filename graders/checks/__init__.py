"""Ready-made scoring functions, one module per family of checks.

Each factory returns a scoring function. Pass it to `grader`, or call it from your own scoring function.

    math_answer = grader(number(marker="####"))

A factory raises `DecorationError` if an option is invalid. A check raises `RecordError` if the record lacks
the reference that it needs, and it never rewards an empty completion. Import each check from its module so
that a grader loads only the checks it uses.
"""
