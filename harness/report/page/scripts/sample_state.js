// The state of the filters, in the page's address and as a list of matching rows.

const EMPTY = {
  q: "", show: "", min: "", max: "", error: "", metric: "", op: "=", value: "", record: "", sort: "",
  sample: "", difference: "",
};

function stateFromAddress(hash) {
  const state = { ...EMPTY };
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [name, ...rest] = part.split("=");
    if (!Object.hasOwn(EMPTY, name)) continue;
    try {
      state[name] = decodeURIComponent(rest.join("="));
    } catch {
      state[name] = rest.join("="); // a hand-typed % that is not an escape
    }
  }
  return state;
}

// An address cannot contain a lone surrogate, so it becomes the replacement character.
const wellFormed = (text) => text.toWellFormed?.() ?? text.replace(/\p{Surrogate}/gu, "\ufffd");

function addressOf(state) {
  const parts = Object.keys(EMPTY)
    .filter((name) => state[name] !== EMPTY[name])
    .map((name) => `${name}=${encodeURIComponent(wellFormed(state[name]))}`);
  return `#${parts.join("&")}`;
}

const SHOWS = {
  "": { name: "all samples", holds: () => true, there: () => true },
  failed: {
    name: "without a reward",
    holds: (samples, row) => samples.error[row] >= 0,
    there: (samples) => samples.errors.length > 0,
  },
  disagree: {
    name: "label or wires disagree",
    holds: (samples, row) => samples.disagrees(row),
    there: (samples) => samples.agree !== null || Object.keys(samples.wires).length > 0,
  },
  differ: {
    name: "other run differs",
    holds: (samples, row) => samples.differs(row),
    there: (samples) => samples.other !== null,
  },
};

const SORTS = {
  "": { name: "place in the file" },
  low: { name: "lowest reward", by: (samples, row) => samples.reward[row] ?? -Infinity },
  high: { name: "highest reward", by: (samples, row) => -(samples.reward[row] ?? -Infinity) },
  long: { name: "longest", by: (samples, row) => -samples.length(row) },
  short: { name: "shortest", by: (samples, row) => samples.length(row) },
  slow: { name: "slowest", by: (samples, row) => -samples.ms[row] },
  change: { name: "largest change", by: (samples, row) => -samples.change(row), other: true },
};

const COMPARED = {
  "=": (a, b) => Math.abs(a - b) <= 1e-9,
  "!": (a, b) => Math.abs(a - b) > 1e-9,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
};

// Searches texts. Everything is converted to lowercase once, on the first search.
class Search {
  constructor(samples) {
    this.samples = samples;
  }

  prepared() {
    const { texts, id } = this.samples;
    this.lower ??= {
      id: id.map(searchable),
      prompts: (texts?.prompts ?? []).map((turns) => turns.map(([, text]) => searchable(text)).join("\n")),
      references: (texts?.references ?? []).map(searchable),
      completion: (texts?.completion ?? []).map(searchable),
      reasoning: (texts?.reasoning ?? []).map(searchable),
    };
    return this.lower;
  }

  // Returns a function that tells whether a row contains the words.
  holds(words) {
    const { id, prompts, references, completion, reasoning } = this.prepared();
    const { samples } = this;
    const inPrompt = prompts.map((text) => text.includes(words));
    const inReference = references.map((text) => text.includes(words));
    return (row) => {
      if (id[row].includes(words)) return true;
      const at = samples.textOf(row);
      if (at < 0) return false;
      const { texts } = samples;
      return (
        completion[at].includes(words) ||
        inPrompt[texts.prompt[at]] ||
        (texts.reference[at] >= 0 && inReference[texts.reference[at]]) ||
        (reasoning.length > 0 && reasoning[at].includes(words))
      );
    };
  }
}

const numberOf = (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? null : Number(text));

// The tests that a row must pass, cheap ones first.
function testsOf(state, samples, search) {
  const tests = [];
  const [low, high] = [numberOf(state.min), numberOf(state.max)];
  if (low !== null) tests.push((row) => samples.reward[row] !== null && samples.reward[row] >= low - 1e-9);
  if (high !== null) tests.push((row) => samples.reward[row] !== null && samples.reward[row] <= high + 1e-9);
  const show = Object.hasOwn(SHOWS, state.show) ? SHOWS[state.show] : SHOWS[""];
  if (state.show) tests.push((row) => show.holds(samples, row));
  const error = numberOf(state.error);
  if (error !== null) tests.push((row) => samples.error[row] === error);
  if (state.record) {
    const group = samples.groups.findIndex((name) => wellFormed(name) === wellFormed(state.record));
    tests.push((row) => samples.group[row] === group);
  }
  const metric = samples.metricNames.indexOf(state.metric);
  if (metric >= 0) {
    const values = samples.metrics[metric];
    const wanted = numberOf(state.value);
    const compare = COMPARED[state.op] ?? COMPARED["="];
    tests.push((row) => values[row] !== null && (wanted === null || compare(values[row], wanted)));
  }
  if (state.q.trim()) tests.push(search.holds(state.q.trim().toLowerCase()));
  return tests;
}

function rowsOf(state, samples, search) {
  const tests = testsOf(state, samples, search);
  const rows = [];
  for (let row = 0; row < samples.count; row++) {
    if (tests.every((test) => test(row))) rows.push(row);
  }
  const by = Object.hasOwn(SORTS, state.sort) ? SORTS[state.sort].by : undefined;
  if (by) {
    const keys = new Map(rows.map((row) => [row, by(samples, row)]));
    rows.sort((a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a - b));
  }
  return rows;
}
