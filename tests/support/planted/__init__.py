"""The planted set: graders with one known fault each, graders without faults, and records to audit them with.

`FIRST_PLANTED` and `FIRST_GOOD` are rows. `load(row.grader)` returns a row's handler, and `row.records()` its
records. The faults in `FIRST_RECORDED` show only in recorded rollouts, which `row.rollouts()` returns.
"""

from support.planted.alone import alone
from support.planted.first_composed import COMPOSED, RECORDED
from support.planted.first_farming import FARMING
from support.planted.first_forms import FORMS_OF_NUMBERS, SHAPES
from support.planted.first_good import GOOD
from support.planted.first_labels import LABELS
from support.planted.first_numbers import CONTRACT, NUMBERS
from support.planted.first_objects import OBJECTS
from support.planted.first_programs import FORM, JUDGES, PROGRAMS
from support.planted.first_texts import TEXTS
from support.planted.recorded import rollouts_of
from support.planted.records import event_of, records_of, right_of, rollout, tasks_of, wrong_of
from support.planted.rows import FOLDER, Good, Planted, Shows, load, path_of

FIRST_PLANTED: tuple[Planted, ...] = (
    *(*NUMBERS, *FORMS_OF_NUMBERS, *FARMING, *COMPOSED),
    *(*CONTRACT, *SHAPES),
    *(*LABELS, *TEXTS, *OBJECTS),
    *(*PROGRAMS, *JUDGES, *FORM),
)
FIRST_GOOD: tuple[Good, ...] = GOOD
FIRST_RECORDED: tuple[Planted, ...] = RECORDED

__all__ = [
    "FIRST_GOOD",
    "FIRST_PLANTED",
    "FIRST_RECORDED",
    "FOLDER",
    "Good",
    "Planted",
    "Shows",
    "alone",
    "event_of",
    "load",
    "path_of",
    "records_of",
    "right_of",
    "rollout",
    "rollouts_of",
    "tasks_of",
    "wrong_of",
]
