"""Record makers: tasks with their prompts, references and the right completion of each record."""

from __future__ import annotations

import json
import random
from typing import Any, Callable

Record = dict[str, Any]
MAKERS: dict[str, Callable[[random.Random, int], Record]] = {}
RIGHT: dict[str, Callable[[Record], str]] = {}
NAMES = ["Ines", "Tomas", "Wei", "Amara", "Jonas", "Priya", "Lucia", "Omar", "Hana", "Felix", "Noor", "Greta"]
SHOPS = ["bakery", "garage", "nursery", "bookshop", "ferry kiosk", "print shop", "brewery", "florist"]
COMPANIES = [
    "Aldane",
    "Brikt",
    "Corvex",
    "Delmar",
    "Ennix",
    "Fornell",
    "Gravis",
    "Holtz",
    "Imbra",
    "Jutland Foods",
]


def task(name: str, right: Callable[[Record], str]):
    def keep(maker: Callable[[random.Random, int], Record]):
        MAKERS[name], RIGHT[name] = maker, right
        return maker

    return keep


def chat(user: str, system: str = "") -> list[dict[str, str]]:
    turns = [{"role": "system", "content": system}] if system else []
    return [*turns, {"role": "user", "content": user}]


def ref(record: Record) -> Any:
    value = record.get("reference_answer")
    return record["metadata"]["reference_answer"] if value is None and "metadata" in record else value


# ---- numbers ------------------------------------------------------------------------------------------
@task("shop", lambda r: f"Let me add this up carefully.\nAnswer: {ref(r)}")
def shop(rng: random.Random, i: int) -> Record:
    a, b, c = rng.randint(12, 60), rng.randint(3, 45), rng.randint(5, 400)
    who, where = NAMES[i % 12], SHOPS[i // 12 % 8]
    text = (
        f"{who} runs a {where}. A crate holds {a} jars and {b} crates arrived on Monday. Another {c} jars "
        f"were in stock already. How many jars are there now?"
    )
    return {
        "messages": chat(
            text,
            'Solve the problem. Work step by step, then finish with one line that reads "Answer: <number>".',
        ),
        "reference_answer": str(a * b + c),
    }


@task("boxed", lambda r: "Subtract the constant and divide.\n\n\\boxed{" + ref(r)["text"] + "}")
def boxed(rng: random.Random, i: int) -> Record:
    a, x, b = rng.randint(2, 19), rng.choice([-1, 1, 1]) * rng.randint(2, 180), rng.randint(1, 99)
    return {
        "messages": chat(
            f"Solve for x: {a}x + {b} = {a * x + b}. Show your steps and put your final answer "
            f"within \\boxed{{}}. (problem {i + 1})"
        ),
        "reference_answer": {"text": str(x)},
    }


@task("hashes", lambda r: "We work it out one step at a time.\n#### " + ref(r).split("####")[-1].strip())
def hashes(rng: random.Random, i: int) -> Record:
    a, b, c = rng.randint(3, 90), rng.randint(3, 70), rng.randint(2, 9)
    who = NAMES[i % 12]
    work = f"{who} saves {a}+{b} = <<{a}+{b}={a + b}>>{a + b} a month.\nThat is {a + b}*{c} = {(a + b) * c} in all.\n"
    return {
        "messages": chat(
            f"{who} saves {a} dollars from wages and {b} dollars from tips every month. How much does "
            f"{who} save in {c} months? Let's think step by step and output the final answer after "
            f'"####".'
        ),
        "reference_answer": f"{work}#### {(a + b) * c}",
        "task_id": f"save-{i:04d}",
    }


@task("ratios", lambda r: f"Operating profit over revenue gives the margin. Final answer is {ref(r)}")
def ratios(rng: random.Random, i: int) -> Record:
    revenue, margin = rng.randint(900, 9000), round(rng.uniform(1.2, 38.9), 2)
    profit = round(revenue * margin / 100, 1)
    return {
        "messages": chat(
            f"{COMPANIES[i % 10]} reported revenue of ${revenue} million and operating profit of "
            f"${profit} million for {1990 + i % 33}. What was its operating margin in percent, to two "
            f'decimals? Close with the sentence "Final answer is X", X being a plain number.'
        ),
        "reference_answer": round(profit / revenue * 100, 2),
    }


@task("small_ratios", lambda r: f"Dividing the two figures. Final answer is {ref(r)}")
def small_ratios(rng: random.Random, i: int) -> Record:
    before, growth = rng.randint(900, 9000), round(rng.uniform(0.5, 9.5), 2)
    after = round(before * (1 + growth / 100), 1)
    return {
        "messages": chat(
            f"Deposits at {COMPANIES[i % 10]} Bank went from ${before} million to ${after} million in "
            f'{1990 + i % 33}. By what percent did they grow? Two decimals. End with "Final answer is '
            f'X".'
        ),
        "reference_answer": round((after / before - 1) * 100, 2),
    }


@task("tagged", lambda r: f"<think>Multiply by the factor.</think>\n<answer>{ref(r)['answer']}</answer>")
def tagged(rng: random.Random, i: int) -> Record:
    unit, other, factor = rng.choice(
        [
            ("hours", "minutes", 60),
            ("metres", "centimetres", 100),
            ("dozen", "pieces", 12),
            ("weeks", "days", 7),
            ("kilograms", "grams", 1000),
        ]
    )
    n = rng.randint(2, 480)
    answer = n * factor
    return {
        "messages": chat(
            f"Conversion {i + 1}: how many {other} are {n} {unit}?",
            "Think inside <think> </think> first, then give only the number inside <answer> </answer>.",
        ),
        "reference_answer": {"answer": str(answer), "difficulty": rng.choice(["easy", "medium"])},
    }


@task("bare", lambda r: str(ref(r)))
def bare(rng: random.Random, i: int) -> Record:
    a, b = rng.randint(101, 999), rng.randint(11, 99)
    return {
        "messages": chat(f"What is {a} x {b} - {i}? Reply with the number only, nothing else."),
        "reference_answer": a * b - i,
    }


@task("thousands", lambda r: f"Adding both years.\nResult = {ref(r)}")
def thousands(rng: random.Random, i: int) -> Record:
    a, b = rng.randint(200, 1500), rng.randint(100, 900)
    return {
        "messages": chat(
            f"The museum in town no. {i + 1} had {a} visitors in spring and {b} in autumn. How many "
            f"altogether? Write your final line as: Result = <number>"
        ),
        "reference_answer": f"{a + b:,}",
        "source": "museums",
    }


@task("mixed", lambda r: f"One step at a time.\nAnswer: {ref(r)['ground_truth']}")
def mixed(rng: random.Random, i: int) -> Record:
    kind = i % 10
    a, b = rng.randint(3, 80), rng.randint(3, 80)
    if kind == 3:
        gold = str(min(a, b) - max(a, b) - 1)
        text = (
            f"A lake is at level {min(a, b)}. It sinks by {max(a, b) + 1}. What is the new level (case {i})?"
        )
    else:
        gold, text = str(a * b), f"A hall has {a} rows of {b} seats. How many seats are there in hall {i}?"
    return {
        "messages": chat(text + " Explain briefly, then write 'Answer:' and the number."),
        "reference_answer": {"ground_truth": gold, "style": "rule"},
        "data_source": "levels",
    }


@task("estimate", lambda r: f"Multiplying the rounded figures.\nESTIMATE: {ref(r)['value']}")
def estimate(rng: random.Random, i: int) -> Record:
    a, b = rng.randint(1100, 9900), rng.randint(13, 97)
    return {
        "messages": chat(
            f"Plant {i + 1} fills {a} bottles an hour and runs {b} hours a week. Estimate the weekly "
            "output. Anything within one percent of the exact figure is accepted. Finish with "
            '"ESTIMATE: <number>" on its own line.'
        ),
        "reference_answer": {"value": a * b, "tolerance": "1%"},
    }


# ---- choices ------------------------------------------------------------------------------------------
PLANETS = [
    "Mercury",
    "Venus",
    "Mars",
    "Jupiter",
    "Saturn",
    "Uranus",
    "Neptune",
    "Pluto",
    "Ceres",
    "Titan",
    "Europa",
    "Callisto",
]
FACTS = [
    "has the shortest year",
    "was visited by probe {n}",
    "carries crater no. {n}",
    "is listed under entry {n}",
    "has the storm number {n}",
    "was photographed on plate {n}",
]


def options(rng: random.Random, letters: str) -> tuple[str, str, str]:
    picked = rng.sample(PLANETS, len(letters))
    at = rng.randrange(len(letters))
    return "\n".join(f"{c}) {p}" for c, p in zip(letters, picked)), letters[at], picked[at]


@task("letters_paren", lambda r: f"The other three do not fit the catalogue entry. ({ref(r)})")
def letters_paren(rng: random.Random, i: int) -> Record:
    lines, letter, _ = options(rng, "ABCD")
    fact = FACTS[i % 6].format(n=100 + i)
    return {
        "messages": chat(
            f"Which body {fact} (question {i + 1})?\n{lines}\nReason briefly. End your reply with the "
            f"letter of the right option in parentheses, for example (C)."
        ),
        "reference_answer": letter,
    }


@task("letters_line", lambda r: f"Going through the list.\nMy choice: {ref(r)['letter']}")
def letters_line(rng: random.Random, i: int) -> Record:
    lines, letter, option = options(rng, "ABCDEF")
    fact = FACTS[i % 6].format(n=500 + i)
    return {
        "messages": chat(
            f"Item {i + 1}. Which body {fact}?\n{lines}",
            'You answer multiple-choice questions. The last line of every reply is "My choice: <letter>".',
        ),
        "reference_answer": {"letter": letter, "option": option},
    }


@task("letters_json", lambda r: json.dumps({"reason": "only this one fits", "choice": ref(r)["text"]}))
def letters_json(rng: random.Random, i: int) -> Record:
    lines, letter, _ = options(rng, "ABCD")
    return {
        "messages": chat(
            f"Q{i + 1}: which body {FACTS[i % 6].format(n=900 + i)}?\n{lines}\nReply with one JSON object "
            'with the keys "reason" and "choice"; choice is one letter.'
        ),
        "reference_answer": {"text": letter},
    }


@task("letters_box", lambda r: f"Only one option fits.\n\\boxed{{{ref(r)}}}")
def letters_box(rng: random.Random, i: int) -> Record:
    lines, letter, _ = options(rng, "ABCDE")
    return {
        "messages": chat(
            f"Astronomy quiz, no. {i + 1}: which body {FACTS[i % 6].format(n=1300 + i)}?\n{lines}\n"
            "Put the letter of your answer in \\boxed{}."
        ),
        "reference_answer": letter,
    }


# ---- yes or no ----------------------------------------------------------------------------------------
RULES = [
    "lodge receipts within {d} days",
    "keep visitors below {d} a day",
    "store samples under {d} degrees",
    "answer complaints within {d} hours",
    "limit loads to {d} tonnes",
]


@task(
    "compliance", lambda r: f"The rule and the log were compared.\nCompliant: {ref(r)['compliant'].lower()}"
)
def compliance(rng: random.Random, i: int) -> Record:
    d = rng.randint(5, 40)
    good = rng.random() < 0.55
    seen = d - rng.randint(1, 4) if good else d + rng.randint(1, 9)
    return {
        "messages": chat(
            f"Policy {i + 1}: sites must {RULES[i % 5].format(d=d)}. The log shows {seen}. Is the site "
            'compliant? Explain in one sentence and finish with a line "Compliant: yes" or '
            '"Compliant: no".'
        ),
        "metadata": {
            "reference_answer": {"compliant": "Yes" if good else "No", "explanation": f"{seen} against {d}"},
            "my_key": f"sample-{i:03d}",
        },
    }


@task("policy", lambda r: f"The log was read against the rule.\nCompliant: {ref(r)['compliant']}")
def policy(rng: random.Random, i: int) -> Record:
    d = rng.randint(5, 40)
    good = rng.random() < 0.5
    seen = d - rng.randint(1, 4) if good else d + rng.randint(1, 9)
    return {
        "messages": chat(
            f"Rule {i + 1}: {RULES[(i + 2) % 5].format(d=d)}. Seen in the log: {seen}. Was the rule kept?",
            'You check logs against rules. Say why in one sentence. The last line is "Compliant: yes" or '
            '"Compliant: no".',
        ),
        "reference_answer": {"compliant": "yes" if good else "no", "explanation": f"{seen} against {d}"},
    }


@task("claims", lambda r: f"<reasoning>Checked against the table.</reasoning><verdict>{ref(r)}</verdict>")
def claims(rng: random.Random, i: int) -> Record:
    a, b = rng.randint(11, 99), rng.randint(11, 99)
    true = rng.random() < 0.5
    shown = a * b if true else a * b + rng.choice([-10, 10, 20, 1])
    return {
        "messages": chat(
            f"Claim {i + 1}: {a} times {b} equals {shown}. Decide whether the claim holds. First give "
            "your reasons in <reasoning></reasoning>, then <verdict>true</verdict> or "
            "<verdict>false</verdict>."
        ),
        "reference_answer": "true" if true else "false",
    }


@task("fraud", lambda r: f"{ref(r)['text']}")
def fraud(rng: random.Random, i: int) -> Record:
    amount, usual = rng.randint(20, 9000), rng.randint(20, 400)
    return {
        "messages": chat(
            f"Card {4000 + i}: a payment of ${amount}; this customer's payments are usually about "
            f"${usual}. Is it more than ten times the usual? Answer yes or no, one word only."
        ),
        "reference_answer": {"text": "yes" if amount > 10 * usual else "no"},
    }


# ---- text ---------------------------------------------------------------------------------------------
CAPITALS = dict(
    pair.split(":")
    for pair in (
        "Portugal:Lisbon,Kenya:Nairobi,Norway:Oslo,Peru:Lima,Japan:Tokyo,Chile:Santiago,Ghana:Accra,Austria:Vienna,Cuba:Havana,"
        "Egypt:Cairo,Finland:Helsinki,Greece:Athens,Hungary:Budapest,Iceland:Reykjavik,Jordan:Amman,Latvia:Riga,"
        "Morocco:Rabat,Nepal:Kathmandu,Poland:Warsaw,Qatar:Doha,Serbia:Belgrade,Thailand:Bangkok,Uruguay:Montevideo,"
        "Vietnam:Hanoi,Zambia:Lusaka,Bolivia:Sucre,Croatia:Zagreb,Denmark:Copenhagen,Estonia:Tallinn,France:Paris,"
        "Georgia:Tbilisi,Ireland:Dublin,Jamaica:Kingston,Lebanon:Beirut,Mongolia:Ulaanbaatar,Oman:Muscat,Romania:Bucharest,"
        "Slovenia:Ljubljana,Turkey:Ankara,Ukraine:Kyiv,Albania:Tirana,Bulgaria:Sofia,Canada:Ottawa,Ecuador:Quito,"
        "Iran:Tehran,Iraq:Baghdad,Spain:Madrid,Sweden:Stockholm,Senegal:Dakar,Italy:Rome"
    ).split(",")
)
ASKED = [
    "What is the capital of {c}?",
    "Name the capital city of {c}.",
    "Which city is {c}'s seat of government?",
    "Where does the parliament of {c} sit?",
    "A letter is addressed to the capital of {c}. Which city is that?",
    "Give the capital of {c}.",
]


@task("capitals", lambda r: ref(r)["text"])
def capitals(rng: random.Random, i: int) -> Record:
    country = list(CAPITALS)[i % 50]
    return {
        "messages": chat(ASKED[i // 50 % 6].format(c=country), "Answer with the name only."),
        "reference_answer": {"text": CAPITALS[country]},
    }


@task("capital_tag", lambda r: f"That country's government is easy to place. <answer>{ref(r)}</answer>")
def capital_tag(rng: random.Random, i: int) -> Record:
    country = list(CAPITALS)[(i * 7) % 50]
    return {
        "messages": chat(
            ASKED[i // 50 % 6].format(c=country) + " Say how you know and give the city inside "
            "<answer></answer>."
        ),
        "reference_answer": CAPITALS[country],
    }


QUEUES = {
    "billing": "I was charged twice for order {n}.",
    "shipping": "Parcel {n} still has not arrived.",
    "returns": "I want to send article {n} back.",
    "technical": "The app shows error {n} when it starts.",
    "account": "I cannot sign in as customer {n}.",
}


@task("routing", lambda r: f"The customer describes one problem.\nQueue: {ref(r)}")
def routing(rng: random.Random, i: int) -> Record:
    queue = rng.choice(list(QUEUES))
    return {
        "messages": chat(
            f"{QUEUES[queue].format(n=10000 + i * 7)}\n\nWhich queue should take this message? billing, "
            'shipping, returns, technical or account. Give a short reason, then a line "Queue: <name>".'
        ),
        "reference_answer": queue,
        "channel": "mail",
    }


PRAISE = [
    "I would stay again at hotel {n}.",
    "Room {n} was spotless and quiet.",
    "Breakfast at table {n} was superb.",
]
BLAME = ["I will never book hotel {n} again.", "Room {n} smelled of smoke.", "They lost my bag, ticket {n}."]


@task("sentiment", lambda r: f"The guest's words leave no doubt.\nSentiment: {ref(r)['label']}")
def sentiment(rng: random.Random, i: int) -> Record:
    good = rng.random() < 0.5
    text = rng.choice(PRAISE if good else BLAME).format(n=i + 1)
    return {
        "messages": chat(
            f"Review: {text}\nIs it positive or negative? One sentence of explanation, then the line "
            '"Sentiment: <label>".'
        ),
        "reference_answer": {"label": "positive" if good else "negative", "annotator": f"a{i % 4}"},
    }


AUTHORS = dict(
    pair.split("=")
    for pair in (
        "Emma=Jane Austen;Dracula=Bram Stoker;Ulysses=James Joyce;Beloved=Toni Morrison;Persuasion=Jane Austen;"
        "Middlemarch=George Eliot;The Trial=Franz Kafka;The Stranger=Albert Camus;Hunger=Knut Hamsun;Ficciones=Jorge Luis Borges;"
        "War and Peace=Leo Tolstoy;The Idiot=Fyodor Dostoevsky;Faust=Johann Wolfgang von Goethe;Moby-Dick=Herman Melville;"
        "Walden=Henry David Thoreau;The Waves=Virginia Woolf;Germinal=Emile Zola;Rebecca=Daphne du Maurier;"
        "Kim=Rudyard Kipling;Solaris=Stanislaw Lem;Dune=Frank Herbert;Neuromancer=William Gibson;Snow Country=Yasunari Kawabata;"
        "The Leopard=Giuseppe Tomasi di Lampedusa;Austerlitz=W. G. Sebald;Blindness=Jose Saramago;Beowulf=unknown"
    ).split(";")
)
AUTHORS.pop("Beowulf")


@task("authors", lambda r: f"The novel is well documented.\n{ref(r)}")
def authors(rng: random.Random, i: int) -> Record:
    book = list(AUTHORS)[i % 26]
    return {
        "messages": chat(
            f'Reader question {i + 1}: who wrote "{book}"? Give one sentence of background. On the last '
            "line write only the author's full name."
        ),
        "reference_answer": AUTHORS[book],
    }


TOPICS = [
    "The harbor council approved a new ferry pier for {t}. Work starts in {m} and costs {n} thousand euros. Residents "
    "asked for fewer cars. The mayor promised a bus line.",
    "A storm closed the railway at {t} in {m}. Crews replaced {n} sleepers overnight. Commuters were sent by coach. "
    "The operator will refund season tickets.",
    "The orchard cooperative of {t} picked {n} tonnes of apples by {m}. A dry summer made the fruit small. Prices rose "
    "by a tenth. Juice makers bought most of it.",
]
TOWNS = ["Varn", "Elmsund", "Koda", "Perrine", "Tolvik", "Azul Bay", "Marrow", "Quill", "Ostra", "Denholm"]
MONTHS = ["March", "April", "May", "June", "July", "August", "September", "October"]
SHORT = [
    "Ferry pier approved at {t}; cars are the residents' worry",
    "Overnight repair reopens the line at {t}, refunds follow",
    "Small apples, higher prices after dry summer around {t}",
]


@task("headlines", lambda r: ref(r)["text"])
def headlines(rng: random.Random, i: int) -> Record:
    town, month, n = TOWNS[i % 10], MONTHS[i // 10 % 8], 20 + i
    return {
        "messages": chat(
            "Write a headline for this notice. Reply with the headline only.\n\n"
            + TOPICS[i % 3].format(t=town, m=month, n=n)
        ),
        "reference_answer": {"text": SHORT[i % 3].format(t=town)},
    }


# ---- lists --------------------------------------------------------------------------------------------
ALLERGENS = ["milk", "egg", "peanut", "soy", "wheat", "fish", "sesame", "mustard", "celery", "lupin"]
DISHES = {
    "milk": "butter sauce",
    "egg": "mayonnaise",
    "peanut": "satay",
    "soy": "tofu",
    "wheat": "croutons",
    "fish": "anchovies",
    "sesame": "tahini",
    "mustard": "Dijon dressing",
    "celery": "celeriac",
    "lupin": "lupini",
}


@task("allergens", lambda r: f"Checked each component.\nAllergens: {', '.join(ref(r))}")
def allergens(rng: random.Random, i: int) -> Record:
    picked = sorted(rng.sample(ALLERGENS, rng.randint(1, 4)))
    return {
        "messages": chat(
            f"Dish {i + 1} is made with {', '.join(DISHES[a] for a in picked)} and rice. Which of these "
            f"allergens does it contain: {', '.join(ALLERGENS)}? Reason first; the last line is "
            '"Allergens: " followed by the names, separated by commas.'
        ),
        "reference_answer": picked,
    }


@task("sorting", lambda r: f"<answer>{json.dumps(ref(r)['items'])}</answer>")
def sorting(rng: random.Random, i: int) -> Record:
    items = rng.sample(range(2, 999), rng.randint(3, 6))
    return {
        "messages": chat(
            f"Sort these numbers from small to large: {', '.join(map(str, items))}. Write the result as a "
            "JSON list inside <answer></answer>."
        ),
        "reference_answer": {"items": sorted(items)},
    }


@task("people", lambda r: f"Names: {ref(r)['text']}")
def people(rng: random.Random, i: int) -> Record:
    picked = rng.sample(NAMES, rng.randint(2, 4))
    rest = [n for n in NAMES if n not in picked]
    lines = [
        f"{n} works in office {'north' if n in picked else 'south'} {rng.randint(1, 9)}."
        for n in picked + rest[:3]
    ]
    rng.shuffle(lines)
    return {
        "messages": chat(
            f"Staff list {i + 1}: {' '.join(lines)} Who works in the north? Answer in the form "
            '"Names: a; b; c", in any order.'
        ),
        "reference_answer": {"text": "; ".join(picked)},
    }


# ---- JSON ---------------------------------------------------------------------------------------------
@task("invoice", lambda r: "```json\n" + json.dumps(ref(r), indent=2) + "\n```")
def invoice(rng: random.Random, i: int) -> Record:
    fields = {
        "vendor": rng.choice(COMPANIES) + " Ltd",
        "invoice_no": f"INV-{2000 + i}",
        "total": round(rng.uniform(20, 900), 2),
        "currency": rng.choice(["EUR", "USD", "GBP"]),
    }
    text = (
        f"INVOICE {fields['invoice_no']}\nFrom: {fields['vendor']}\nAmount due: {fields['total']} {fields['currency']}\n"
        f"Ref. {rng.randint(100, 999)}"
    )
    return {
        "messages": chat(
            f"Extract the fields vendor, invoice_no, total and currency.\n\n{text}\n\nReply with a JSON "
            "object in a ```json code block."
        ),
        "reference_answer": fields,
    }


@task("tickets", lambda r: json.dumps(json.loads(ref(r))))
def tickets(rng: random.Random, i: int) -> Record:
    fields = {
        "priority": rng.choice(["low", "normal", "urgent"]),
        "product": rng.choice(["router", "tablet", "printer"]),
        "refund": rng.random() < 0.4,
    }
    mood = {"low": "No hurry.", "normal": "Please look into it.", "urgent": "I need this today!"}[
        fields["priority"]
    ]
    wish = "I want my money back." if fields["refund"] else "I just need it repaired."
    return {
        "messages": chat(
            f"Mail {i + 1}: My {fields['product']} stopped working. {mood} {wish}",
            "Turn the mail into JSON "
            "with the keys priority (low, normal, urgent), product (router, tablet, printer) and refund "
            "(true or false). Output the JSON object and nothing else.",
        ),
        "reference_answer": json.dumps(fields),
    }


@task("events", lambda r: json.dumps(ref(r)["event"]))
def events(rng: random.Random, i: int) -> Record:
    event = {
        "title": rng.choice(["Budget review", "Fire drill", "Choir practice", "Site visit"]),
        "day": rng.choice(["Monday", "Tuesday", "Wednesday", "Thursday"]),
        "hour": rng.randint(8, 18),
        "room": f"{rng.choice('ABC')}{rng.randint(1, 40)}",
    }
    return {
        "messages": chat(
            f"Note {i + 1}: {event['title']} on {event['day']} at {event['hour']}:00 in room "
            f"{event['room']}. Return a JSON object with title, day, hour (a number) and room."
        ),
        "reference_answer": {"event": event, "optional": ["room"]},
    }


# ---- tools --------------------------------------------------------------------------------------------
def call_for(rng: random.Random, i: int) -> tuple[str, dict[str, Any]]:
    kind = i % 3
    if kind == 0:
        city = rng.choice(list(CAPITALS.values()))
        return f"What will the weather be in {city} in {i % 9 + 1} days?", {
            "name": "get_weather",
            "arguments": {"city": city, "days": i % 9 + 1},
        }
    if kind == 1:
        amount, pair = rng.randint(5, 900), rng.choice([("EUR", "USD"), ("GBP", "JPY"), ("CHF", "SEK")])
        return f"Convert {amount} {pair[0]} to {pair[1]}.", {
            "name": "convert",
            "arguments": {"amount": amount, "source": pair[0], "target": pair[1]},
        }
    who = rng.choice(NAMES)
    return f"Remind me in {i % 50 + 5} minutes to call {who}.", {
        "name": "set_reminder",
        "arguments": {"minutes": i % 50 + 5, "text": f"call {who}"},
    }


TOOLS = "Tools: get_weather(city, days), convert(amount, source, target), set_reminder(minutes, text). "


@task("home_tools", lambda r: f"<tool_call>\n{json.dumps(ref(r))}\n</tool_call>")
def home_tools(rng: random.Random, i: int) -> Record:
    text, call = call_for(rng, i)
    return {
        "messages": chat(
            text,
            TOOLS + 'Call exactly one tool, written as <tool_call>{"name": ..., "arguments": '
            "{...}}</tool_call>.",
        ),
        "reference_answer": call,
    }


@task("api_tools", lambda r: json.dumps(ref(r)["calls"]))
def api_tools(rng: random.Random, i: int) -> Record:
    made = [call_for(rng, i + k * 7) for k in range(rng.randint(1, 2))]
    return {
        "messages": chat(
            " And then: ".join(t for t, _ in made),
            TOOLS + 'Reply with a JSON list of calls, each with "name" and "arguments", and nothing else.',
        ),
        "reference_answer": {"calls": [c for _, c in made]},
    }


# ---- code ---------------------------------------------------------------------------------------------
def function_for(rng: random.Random, i: int) -> tuple[str, str, str, list[dict[str, Any]]]:
    k, m = rng.randint(2, 12), rng.randint(3, 60)
    kinds = [
        (
            f"scale_{i}",
            f"takes a list of integers and returns a list with each one multiplied by {k}, leaving out those "
            f"that are then above {m}",
            f"def scale_{i}(values):\n    return [v * {k} for v in values if v * {k} <= {m}]\n",
            lambda v: [x * k for x in v if x * k <= m],
            lambda: [[rng.randint(-9, 20) for _ in range(rng.randint(2, 6))]],
        ),
        (
            f"count_{i}",
            f"takes a text and returns how often its most common letter occurs, plus {k}",
            f"def count_{i}(text):\n    return max(text.count(c) for c in text) + {k}\n",
            lambda t: max(t.count(c) for c in t) + k,
            lambda: ["".join(rng.choice("abcd") for _ in range(rng.randint(2, 9)))],
        ),
        (
            f"steps_{i}",
            f"takes two integers a and b and returns a*{k} + b*{m} modulo 97",
            f"def steps_{i}(a, b):\n    return (a * {k} + b * {m}) % 97\n",
            lambda a, b: (a * k + b * m) % 97,
            lambda: [rng.randint(-50, 90), rng.randint(-50, 90)],
        ),
    ]
    name, what, code, fn, args = kinds[i % 3]
    tests = []
    for _ in range(6):
        a = args()
        tests.append({"args": a, "expected": fn(*a)})
    return name, what, code, tests


@task("functions", lambda r: f"Here it is.\n```python\n{ref(r)['solution']}```")
def functions(rng: random.Random, i: int) -> Record:
    name, what, code, tests = function_for(rng, i)
    shown = "\n".join(f">>> {name}({', '.join(map(repr, t['args']))})\n{t['expected']!r}" for t in tests[:2])
    return {
        "messages": chat(
            f"Write a Python function {name} that {what}.\nExamples:\n{shown}\nReply with one ```python "
            "code block."
        ),
        "reference_answer": {"entry_point": name, "tests": tests, "solution": code},
    }


@task("asserts", lambda r: f"```python\n{ref(r)}```")
def asserts(rng: random.Random, i: int) -> Record:
    name, what, code, tests = function_for(rng, i + 1)
    lines = [f"assert {name}({', '.join(map(repr, t['args']))}) == {t['expected']!r}" for t in tests]
    return {
        "messages": chat(
            f"Implement {name}: it {what}. Put the complete function in a fenced Python block; it will be "
            "run against unit tests."
        ),
        "reference_answer": code,
        "tests": lines,
        "entry_point": name,
    }


# ---- judged -------------------------------------------------------------------------------------------
ISSUES = [
    (
        "the parcel {n} is late",
        "Apologize, say that parcel {n} is traced and that an answer comes within two days.",
    ),
    (
        "invoice {n} shows the wrong address",
        "Confirm that invoice {n} will be sent again with the right address.",
    ),
    (
        "the voucher {n} does not work",
        "Explain that voucher {n} has expired and offer a new one of the same value.",
    ),
]


@task("support", lambda r: ref(r))
def support(rng: random.Random, i: int) -> Record:
    said, ideal = ISSUES[i % 3]
    n = 7000 + i * 3
    return {
        "messages": chat(
            f"A customer of the {SHOPS[i % 8]} writes that {said.format(n=n)}. Write the reply."
        ),
        "reference_answer": ideal.format(n=n),
    }


@task("facts", lambda r: f"{ref(r)['text']}.")
def facts(rng: random.Random, i: int) -> Record:
    country = list(CAPITALS)[(i * 11) % 50]
    return {
        "messages": chat(
            f"({i + 1}) In one sentence: where does the government of {country} sit, and in which century "
            "could a traveler first fly there?"
        ),
        "reference_answer": {
            "text": f"The government sits in {CAPITALS[country]}, and flights began in the 20th century"
        },
    }


# ---- form ---------------------------------------------------------------------------------------------
def three(r: Record) -> str:
    return "- It saves time\n- It needs little space\n- It can be repaired"


@task("bullets", three)
def bullets(rng: random.Random, i: int) -> Record:
    thing = rng.choice(["folding bike", "hand pump", "solar lamp", "rain barrel", "cargo tram", "clay oven"])
    return {
        "messages": chat(
            f"Why would a {SHOPS[i % 8]} owner in {TOWNS[i % 10]} buy a {thing}, model {i + 1}? Answer with "
            'exactly three bullet points, each on its own line beginning with "- ".'
        ),
        "reference_answer": "three bullet points",
    }


@task(
    "think_form",
    lambda r: "<think>\nStart from what is known.\n</think>\n<answer>\nIt depends on the load.\n</answer>",
)
def think_form(rng: random.Random, i: int) -> Record:
    return {
        "messages": chat(
            f"Open question {i + 1}: how should {TOWNS[i % 10]} plan its {rng.choice(['trams', 'parks', 'wells'])}"
            " for the next decade?",
            "Respond in the following format:\n<think>\n...\n</think>\n<answer>\n...\n</answer>",
        ),
        "reference_answer": "n/a: any view is fine",
    }


def records_of(name: str, n: int = 300) -> list[Record]:
    """Return n records of the named task; the same ones each time."""
    rng = random.Random(f"second:{name}")
    return [MAKERS[name](rng, i) for i in range(n)]
