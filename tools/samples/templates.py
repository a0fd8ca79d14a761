"""Templates of the word problems in the sample data: question, numbers and steps.

A number is drawn as `(from, to)`, `(from, to, step)` or `(from, to, step, divisor)`, both ends included, or
computed from earlier numbers as `"left op right"`. A step is
`(lead, "left op right", name of its value, tail)`.

In a question, `{n}` is the plain number, `{n:,}` has a thousands separator, and `{n:m}` is money. `{a}` and
`{b}` are people.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["NAMES", "POOLS", "TEMPLATES", "Draw", "Template"]

Draw = tuple[int, ...] | str
"""The rule for one number in a question."""


class Template(NamedTuple):
    """One kind of word problem."""

    question: str
    draws: dict[str, Draw]
    steps: tuple[tuple[str, str, str, str], ...]
    unit: str
    """Word after the answer; `$` for money."""


NAMES = (
    "Mia", "Omar", "Lena", "Tariq", "Zoë", "José", "Priya", "Kofi", "Ines", "Yuki", "Anders", "Fatima",
    "Ravi", "Chloé", "Samir", "Greta", "Diego", "Nadia", "Pavel", "Amara", "Theo", "Lucía", "Hassan", "Ruth",
)  # fmt: skip

POOLS = {
    "fruit": ("apples", "pears", "plums", "oranges", "peaches", "lemons", "mangoes"),
    "item": ("notebooks", "mugs", "posters", "candles", "scarves", "puzzles", "lamps", "plates"),
    "baked": ("muffins", "rolls", "cookies", "bagels", "scones", "pretzels"),
    "drink": ("juice", "milk", "tea", "lemonade", "soup"),
    "pet": ("dogs", "cats", "rabbits", "goats", "ducks", "ponies"),
    "thing": ("stickers", "marbles", "cards", "shells", "beads", "stamps", "buttons", "coins"),
}

TEMPLATES = (
    # One step.
    Template("{a} packs {n} boxes with {k} {thing} in each. How many {thing} does {a} pack?",
             {"n": (6, 45), "k": (8, 60)},
             (("{a} packs", "n * k", "all", "{thing}."),), "{thing}"),
    Template("A farm shares {total:,} {fruit} equally among {k} crates. How many {fruit} go into each crate?",
             {"each": (12, 95), "k": (6, 40), "total": "each * k"},
             (("Each crate gets", "total / k", "got", "{fruit}."),), "{fruit}"),
    Template("A train covers {d} kilometres in {h} hours at a steady speed. How many kilometres does it "
             "cover per hour?",
             {"s": (45, 160, 5), "h": (2, 9), "d": "s * h"},
             (("The speed is", "d / h", "speed", "kilometres per hour."),), "km"),
    Template("A hall has {all:,} seats and {taken} of them are taken. How many seats are free?",
             {"taken": (110, 890), "free": (60, 870), "all": "taken + free"},
             (("There are", "all - taken", "left", "free seats."),), "seats"),
    Template("One ticket to the zoo costs ${p:m}. How many dollars do {n} tickets cost?",
             {"p": (425, 1975, 25, 100), "n": (3, 9)},
             (("The tickets cost", "n * p", "cost", "dollars."),), "$"),
    Template("{q}% of the {n} {pet} at a shelter are young. How many young {pet} are there?",
             {"q": (5, 95, 5), "n": (40, 300, 20), "share": "q / 100"},
             (("As a fraction the share is", "q / 100", "part", "of all."),
              ("That makes", "part * n", "young", "young {pet}.")), "{pet}"),
    Template("{a} runs {d} kilometres every day. How many kilometres does {a} run in {n} days?",
             {"d": (15, 95, 5, 10), "n": (6, 30)},
             (("{a} runs", "d * n", "far", "kilometres."),), "km"),
    # Two steps.
    Template("{a} buys {n} {item} at ${p} each and pays with ${paid}. How many dollars does {a} get back?",
             {"n": (3, 9), "p": (4, 18), "paid": (50, 200, 50)},
             (("The {item} cost", "n * p", "cost", "dollars."),
              ("{a} gets back", "paid - cost", "back", "dollars.")), "$"),
    Template("{a} has {n} {thing}. {b} has {k} times as many. How many {thing} do they have together?",
             {"n": (12, 240), "k": (3, 7)},
             (("{b} has", "n * k", "more", "{thing}."),
              ("Together they have", "n + more", "both", "{thing}.")), "{thing}"),
    Template("A baker makes {n} trays of {k} {baked} and sells {sold}. How many {baked} are left?",
             {"n": (5, 18), "k": (12, 36), "sold": (40, 180)},
             (("The baker makes", "n * k", "made", "{baked}."),
              ("After the sale there are", "made - sold", "left", "{baked} left.")), "{baked}"),
    Template("{a} earns ${w} an hour and works {h} hours a day for {d} days. How many dollars does {a} earn?",
             {"w": (13, 38), "h": (4, 9), "d": (3, 22)},
             (("{a} works", "h * d", "hours", "hours."),
              ("{a} earns", "hours * w", "pay", "dollars.")), "$"),
    Template("A jacket costs ${p}. The shop takes {q}% off. How many dollars does the jacket cost now?",
             {"p": (40, 360, 20), "q": (5, 60, 5), "left": "100 - q"},
             (("The customer still pays", "100 - q", "rest", "percent."),
              ("One percent of the price is", "p / 100", "one", "dollars."),
              ("The jacket now costs", "rest * one", "now", "dollars.")), "$"),
    Template("{a} pours {v} litres of {drink} into bottles of {s} litres and sells each full bottle for "
             "${p}. "
             "How many dollars does {a} take in?",
             {"s": (5, 25, 5, 10), "n": (12, 60), "v": "s * n", "p": (2, 9)},
             (("{a} fills", "v / s", "bottles", "bottles."),
              ("{a} takes in", "bottles * p", "money", "dollars.")), "$"),
    Template("A bus carries {n} people. At a stop {x} get off and {y} get on. How many people are on the "
             "bus now?",
             {"n": (38, 90), "x": (7, 31), "y": (5, 29)},
             (("After the stop is reached there are", "n - x", "stay", "people."),
              ("With the new ones there are", "stay + y", "now", "people.")), "people"),
    Template("{a} and {b} share ${t} so that {b} gets ${x} more than {a}. How many dollars does {a} get?",
             {"low": (20, 190), "x": (6, 90, 2), "two": "low * 2", "t": "two + x"},
             (("Without the extra part there are", "t - x", "even", "dollars."),
              ("{a} gets", "even / 2", "half", "dollars.")), "$"),
    Template("A pool holds {v:,} litres. A pump fills {r} litres a minute and has run for {m} minutes. "
             "How many litres are still missing?",
             {"v": (6000, 48000, 500), "r": (25, 90, 5), "m": (20, 80)},
             (("The pump has filled", "r * m", "done", "litres."),
              ("Still missing are", "v - done", "rest", "litres.")), "litres"),
    Template("A book has {p} pages. {a} reads {x} pages a day for {d} days. How many pages are left?",
             {"p": (240, 720, 4), "x": (14, 42), "d": (4, 9)},
             (("{a} has read", "x * d", "read", "pages."),
              ("That leaves", "p - read", "left", "pages.")), "pages"),
    Template("The average of {n} test scores is {m}. The first {n1} scores add up to {s}. "
             "What do the other scores add up to?",
             {"n": (5, 9), "m": (74, 93), "one": (2, 2), "n1": "n - one", "s1": (58, 76), "s": "n1 * s1"},
             (("All scores add up to", "n * m", "all", "points."),
              ("The others add up to", "all - s", "rest", "points.")), "points"),
    Template("{a} saves ${x:m} a week and already has ${y}. How many dollars will {a} have after {w} weeks?",
             {"x": (250, 1875, 25, 100), "y": (14, 120), "w": (5, 26)},
             (("In that time {a} saves", "x * w", "saved", "dollars."),
              ("With the first money that is", "saved + y", "all", "dollars.")), "$"),
    Template("A wall is {l} metres long and {h} metres high. One tin of paint covers {c} square metres. "
             "How many tins are needed?",
             {"c": (4, 12), "n": (3, 15), "h": (2, 6), "area": "c * n", "l": "area / h"},
             (("The wall measures", "l * h", "size", "square metres."),
              ("That takes", "size / c", "tins", "tins.")), "tins"),
    Template("A recipe for {s} people needs {g} grams of flour. How many grams are needed for {t} people?",
             {"s": (3, 8), "per": (35, 130, 5), "g": "s * per", "t": (10, 36)},
             (("One person needs", "g / s", "each", "grams."),
              ("All of them need", "each * t", "all", "grams.")), "g"),
    Template("{a} is {x} years old. {b} is {k} times as old as {a} was {y} years ago. How old is {b}?",
             {"x": (14, 26), "k": (2, 5), "y": (3, 9)},
             (("Back then {a} was", "x - y", "then", "years old."),
              ("{b} is", "then * k", "age", "years old.")), "years"),
    Template("A phone plan costs ${f} a month and ${c:m} for each extra gigabyte. {a} uses {g} extra "
             "gigabytes. "
             "How many dollars is the bill?",
             {"f": (12, 45), "c": (50, 375, 25, 100), "g": (3, 14)},
             (("The extra use costs", "c * g", "extra", "dollars."),
              ("The bill is", "f + extra", "bill", "dollars.")), "$"),
    Template("A tank loses {q}% of its {v:,} litres. How many litres stay in it?",
             {"q": (4, 64, 4), "v": (500, 9500, 250)},
             (("What stays is", "100 - q", "rest", "percent."),
              ("As a fraction that is", "rest / 100", "part", "of the tank."),
              ("There stay", "part * v", "stay", "litres.")), "litres"),
    # Three or more steps.
    Template("{a} buys {n} {item} at ${p:m} each and {m} pens at ${q:m} each, and has a coupon for ${c}. "
             "How many dollars does {a} pay?",
             {"n": (2, 8), "p": (350, 1250, 25, 100), "m": (2, 9), "q": (75, 325, 25, 100), "c": (2, 9)},
             (("The {item} cost", "n * p", "one", "dollars."), ("The pens cost", "m * q", "two", "dollars."),
              ("Together that is", "one + two", "sum", "dollars."),
              ("With the coupon {a} pays", "sum - c", "pay", "dollars.")), "$"),
    Template("A school has {g} classes of {k} pupils. {q}% of them go on a trip in buses with {s} seats. "
             "How many buses are full when the last pupil is seated?",
             {"s": (20, 45, 5), "n": (2, 9), "q": (20, 80, 20), "go": "s * n", "h": "go * 100",
              "all": "h / q",
              "g": (5, 25), "k": "all / g"},
             (("The school has", "g * k", "pupils", "pupils."),
              ("Of these", "pupils * q", "parts", "hundredths go."),
              ("So on the trip go", "parts / 100", "trip", "pupils."),
              ("They fill", "trip / s", "buses", "buses.")), "buses"),
    Template("{a} drives {x} kilometres at {u} kilometres per hour and then {y} kilometres at {w} kilometres "
             "per hour. How many hours does the whole drive take?",
             {"u": (40, 70, 5), "i": (1, 5), "x": "u * i", "w": (80, 120, 5), "j": (2, 6), "y": "w * j"},
             (("The first part takes", "x / u", "first", "hours."),
              ("The second part takes", "y / w", "second", "hours."),
              ("In all it takes", "first + second", "all", "hours.")), "hours"),
    Template("A shop buys {n} {item} for ${p} each and sells them all for ${s} each. The stall costs ${r}. "
             "How many dollars of profit are left?",
             {"n": (24, 90), "p": (6, 19), "gain": (3, 14), "s": "p + gain", "r": (25, 95, 5)},
             (("One piece brings", "s - p", "each", "dollars."),
              ("All of them bring", "each * n", "all", "dollars."),
              ("After the stall there are left", "all - r", "left", "dollars.")), "$"),
    Template("A garden is {l} metres long and {w} metres wide. A fence costs ${p:m} a metre and the "
             "gate, which "
             "comes on top, ${g}. How many dollars does it cost to fence the garden all around?",
             {"l": (14, 48), "w": (6, 30), "p": (350, 1450, 50, 100), "g": (45, 180, 5)},
             (("Length and width make", "l + w", "side", "metres."),
              ("All around it is", "side * 2", "round", "metres."),
              ("The fence costs", "round * p", "fence", "dollars."),
              ("With the gate it is", "fence + g", "all", "dollars.")), "$"),
    Template("{a} picks {x} {fruit} on Monday, twice as many on Tuesday, and {y} fewer on Wednesday than "
             "on Tuesday. "
             "How many {fruit} does {a} pick in the three days?",
             {"x": (25, 160), "y": (8, 45)},
             (("On Tuesday it is", "x * 2", "tue", "{fruit}."),
              ("On Wednesday it is", "tue - y", "wed", "{fruit}."),
              ("The first two days make", "x + tue", "two", "{fruit}."),
              ("All three make", "two + wed", "all", "{fruit}.")), "{fruit}"),
    Template("A machine makes {r} {item} an hour. It runs {h} hours a day for {d} days, and {q}% of the "
             "pieces are "
             "thrown away. How many good {item} are made?",
             {"r": (40, 240, 20), "h": (5, 12), "d": (5, 20, 5), "q": (2, 20, 2)},
             (("One day brings", "r * h", "day", "pieces."), ("All days bring", "day * d", "all", "pieces."),
              ("Good are", "100 - q", "good", "percent."), ("One percent is", "all / 100", "one", "pieces."),
              ("So there are", "good * one", "made", "good {item}.")), "{item}"),
    Template("{a} puts ${c:,} into a bank at {q}% simple interest a year. How many dollars are in the "
             "bank after {n} "
             "years?",
             {"c": (1200, 9600, 400), "q": (2, 8), "n": (2, 6)},
             (("One percent is", "c / 100", "one", "dollars."),
              ("A year brings", "one * q", "year", "dollars."),
              ("All years bring", "year * n", "gain", "dollars."),
              ("In the bank there are", "c + gain", "all", "dollars.")), "$"),
    Template("{k} friends rent a hut for {n} nights at ${p} a night and spend ${f} on food. They share "
             "the cost "
             "equally. How many dollars does each pay?",
             {"k": (3, 8), "n": (2, 7), "p": (64, 190, 2), "hut": "n * p", "each": (70, 260),
              "all": "each * k",
              "f": "all - hut"},
             (("The hut costs", "n * p", "rent", "dollars."),
              ("With the food it is", "rent + f", "sum", "dollars."),
              ("Each pays", "sum / k", "share", "dollars.")), "$"),
    Template("{a} has {n:,} {thing}. {a} gives half of them to {b} and then {x} of the rest to a cousin. "
             "How many {thing} "
             "does {a} keep if {y} more turn up later?",
             {"h": (150, 1400), "n": "h * 2", "x": (25, 130), "y": (6, 48)},
             (("Half of them is", "n / 2", "half", "{thing}."),
              ("After the cousin there are", "half - x", "rest", "{thing}."),
              ("With those found later it is", "rest + y", "keep", "{thing}.")), "{thing}"),
    Template("A theatre sells {x} seats at ${p} and {y} seats at ${q}. A tenth of the money goes to charity. "
             "How many dollars does the theatre keep?",
             {"x": (60, 300, 10), "p": (18, 45), "y": (20, 200, 10), "q": (8, 16)},
             (("The dear seats bring", "x * p", "dear", "dollars."),
              ("The others bring", "y * q", "cheap", "dollars."),
              ("That makes", "dear + cheap", "sum", "dollars."),
              ("A tenth is", "sum / 10", "tenth", "dollars."),
              ("The theatre keeps", "sum - tenth", "keep", "dollars.")), "$"),
    Template("A cyclist rides {s} kilometres per hour for {m} minutes, rests, and rides {t} kilometres more. "
             "How many kilometres is that?",
             {"s": (12, 36, 4), "m": (45, 165, 15), "t": (5, 45, 5, 10)},
             (("The first ride lasts", "m / 60", "hours", "hours."),
              ("It covers", "hours * s", "first", "kilometres."),
              ("In all it is", "first + t", "all", "kilometres.")), "km"),
)  # fmt: skip
