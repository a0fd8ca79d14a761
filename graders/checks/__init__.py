"""Ready scoring functions, one family a module.

Every factory takes options, refuses at once what cannot be meant (`DecorationError`), and returns a scoring
function of one `Sample`: pass it to `grader`, or call it inside a scoring function of your own.

    math_answer = grader(number(marker="####"))

A record without the reference that a check needs is a `RecordError`, and an empty completion never earns
anything. Import from the modules: nothing is loaded that is not used.
"""
