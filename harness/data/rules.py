"""The rules for training files, each with an id, a severity, a problem and a fix.

The meaning of an id never changes. An `error` violates AWS's documentation or the wire format, or is certain
to make rewards wrong. A `warning` is probably a mistake or is not covered by the documentation
("unverified"). A `note` is information. `record_checks` finds the problems of one record, and `file_checks`
finds problems between records.
"""

from __future__ import annotations

from harness.findings import Rule, Severity

__all__ = [
    "CAUTIOUS_MAX_RECORDS",
    "MAX_PROMPT_CHARS",
    "MAX_RECORDS",
    "MIN_LEAK_CHARS",
    "MIN_RECORDS",
    "PAYLOAD_BYTES",
    "RULES",
]

MIN_RECORDS, MAX_RECORDS = 100, 20_000
"""Minimum and maximum number of records: "100-20K" on Bedrock's data page for open-weight models."""
CAUTIOUS_MAX_RECORDS = 10_000
"""Maximum number of records according to AWS's best-practices post."""
PAYLOAD_BYTES = 6 * 1024 * 1024
"""Payload limit of one synchronous Lambda call."""
MAX_PROMPT_CHARS = 32_768
"""8,192 tokens of four characters, Nova's default `maxPromptLength`; unverified for other models."""
MIN_LEAK_CHARS = 20
"""Minimum length of a reference to search for in the prompt. Shorter ones may occur there by chance."""


_N, _W, _E = Severity.NOTE, Severity.WARNING, Severity.ERROR


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        # The file and its lines.
        Rule("R001", _E, "not UTF-8", "Save it as UTF-8: iconv -f ENCODING -t UTF-8 FILE > records.jsonl."),
        Rule("R002", _W, "byte order mark", "Save as UTF-8 without a BOM; some parsers reject the line."),
        Rule("R003", _E, "not JSON", "Write one JSON object per line (JSONL), without commas between them."),
        Rule(
            "R004",
            _E,
            "not a JSON object",
            'Write {"messages": [...], "reference_answer": ...} on each line.',
        ),
        Rule(
            "R005",
            _E,
            "JSON that strict parsers reject",
            "Write null or text for such a number; remove lone surrogates.",
        ),
        Rule("R006", _W, "integer beyond 64 bits", "Write it as a string; many parsers round it."),
        Rule("R007", _W, "blank line", "Remove it; whether the service skips it is unverified."),
        Rule("R008", _E, "no record in the file", "Write one JSON object per line."),
        Rule("R009", _E, "line too long for one Lambda call (6 MB)", "Shorten the record."),
        Rule(
            "R010",
            _E,
            "a rollouts file, not a training file",
            "Grade it with `rft replay`; train on prompts alone.",
        ),
        Rule(
            "R011", _E, "records and rollouts mixed", "Remove the assistant's last turn, or split the file."
        ),
        Rule(
            "R012",
            _E,
            "one JSON array, not JSON lines",
            "Write one record per line: rft convert FILE NEW.jsonl.",
        ),
        Rule(
            "R013",
            _E,
            "a JSON object that spans lines",
            "Write each object on one line: rft convert FILE NEW.jsonl.",
        ),
        Rule(
            "R014", _E, "comma after the record", "Remove it: sed 's/,[[:space:]]*$//' FILE > records.jsonl."
        ),
        Rule("R015", _W, "duplicate key in an object", "Keep one: parsers disagree about which one counts."),
        # Messages.
        Rule("R020", _E, "no messages", 'Give "messages" a list that ends with the user\'s turn.'),
        Rule("R021", _E, "malformed message", 'Write {"role": ..., "content": ...}.'),
        Rule("R022", _E, "unknown role", "Use system, user or assistant."),
        Rule("R023", _W, "role undocumented for training", "Use system, user or assistant."),
        Rule(
            "R024", _E, "malformed content", 'Give content a string, or blocks {"type": "text", "text": ...}.'
        ),
        Rule("R025", _W, "undocumented form of content", 'Use a string, or {"type": "text", "text": ...}.'),
        Rule("R026", _E, "empty prompt", "Put text in the user's last turn."),
        Rule("R027", _W, "empty message", "Remove the message."),
        Rule("R028", _W, "last message is not the user's", "End the messages with the user's turn."),
        Rule(
            "R029",
            _W,
            "system prompt outside messages",
            'Make it the first message: {"role": "system", "content": ...}.',
        ),
        # The reference.
        Rule(
            "R030",
            _W,
            "no reference_answer",
            "Add it, unless the grader needs none: AWS calls it both optional and mandatory.",
        ),
        Rule(
            "R031",
            _E,
            "empty reference_answer",
            "Fill it in or drop the record: nothing can be graded against it.",
        ),
        Rule(
            "R032",
            _W,
            "reference_answer neither text nor an object",
            "Write a string or an object; other types are unverified.",
        ),
        Rule("R033", _W, "field with more than one type", "Give the field one type in all records."),
        Rule(
            "R034",
            _W,
            "reference_answer is a missing value written as text",
            "Drop the record, unless this text is the right answer.",
        ),
        Rule(
            "R035",
            _N,
            "field that repeats the reference",
            "Drop it, unless the grader reads it: only reference_answer is documented.",
        ),
        # Other fields.
        Rule("R040", _E, "reserved field", "Rename it: events to the grader use this name."),
        Rule("R041", _E, "field contradicts metadata", "Keep one of the two, at the root."),
        Rule("R042", _W, "record with its own id", "Call it task_id: the service may put its own id there."),
        Rule(
            "R043",
            _W,
            "field that replay hides from the grader",
            "Rename it: in a rollouts file it names the group or the model.",
        ),
        # The number of records.
        Rule("R050", _N, "fewer than 100 records", "A job takes 100 to 20,000."),
        Rule("R051", _N, "many records", "A job takes 100 to 20,000; one AWS post says 10,000."),
        # Comparisons between records, and the text of a record.
        Rule("R060", _W, "duplicate record", "Remove it, unless it should count twice."),
        Rule("R061", _E, "same prompt, another reference", "Keep one: the rewards contradict each other."),
        Rule("R070", _W, "reference appears in the prompt", "Remove it: the model can copy it."),
        Rule("R080", _W, "long prompt", "Shorten it: training may silently drop it (limit unverified)."),
        # Records graded with the check that training will use.
        Rule(
            "R090",
            _E,
            "the check cannot grade the record",
            "Correct the reference, or choose a check that reads it.",
        ),
        Rule(
            "R091",
            _W,
            "the reference does not earn full reward",
            "Correct the reference or the check: perhaps no completion can earn full reward.",
        ),
    )
}
"""All rules, by id, in order."""
