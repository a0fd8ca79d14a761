// Shows one sample in full: everything recorded about it, and its texts side by side.

class SampleDetail {
  constructor(box, samples, actions) {
    this.box = box;
    this.samples = samples;
    this.actions = actions;
  }

  // Shows a row, with `query` marked in its texts, or with their differences if `difference` is set.
  show(row, place, of, { query, difference }) {
    if (row === undefined) {
      const words = this.samples.count ? "No sample matches the filters." : "This run has no samples.";
      this.box.replaceChildren(element("p", { className: "empty", textContent: words }));
      return;
    }
    const failure = this.samples.failure(row);
    this.box.replaceChildren(
      this.head(row, place, of, difference),
      this.facts(row),
      failure
        ? element("p", { className: "failure" }, element("strong", { textContent: `${plain(failure[0])}: ` }), ...shownText(failure[1], ""))
        : "",
      this.panes(row, query, difference),
      this.reasoning(row, query),
    );
  }

  head(row, place, of, difference) {
    const { samples, actions } = this;
    const button = (text, action, more = {}) => {
      const made = element("button", { type: "button", textContent: text, ...more });
      made.addEventListener("click", action);
      return made;
    };
    const toggle = button("Difference", actions.toggle, { disabled: this.compared(row) === null });
    toggle.setAttribute("aria-pressed", String(difference));
    const group = samples.group[row];
    return element(
      "div",
      { className: "bar-top" },
      element("h3", {}, ...shownText(samples.id[row], "")),
      element(
        "div",
        { className: "tools" },
        button("← Previous", () => actions.move(-1), { disabled: place <= 0 }),
        button("Next →", () => actions.move(1), { disabled: place >= of - 1 }),
        group < 0 ? null : button("Same record", () => actions.record(samples.groups[group])),
        toggle,
      ),
    );
  }

  facts(row) {
    const { samples } = this;
    const list = element("dl", { className: "said" });
    const add = (name, value) => list.append(element("div", {}, element("dt", { textContent: `${name} ` }), element("dd", {}, value)));
    add("Reward", rewardOf(samples, row));
    if (samples.other !== null) add(`In ${plain(samples.other.name)}`, this.otherReward(row));
    if (samples.label !== null && samples.label[row] >= 0) {
      const verdict = { 1: " (agrees)", 0: " (disagrees)", "-1": " (not compared)" }[samples.agree[row]];
      add("Label", plain(samples.labels[samples.label[row]]) + verdict);
    }
    for (let at = 0; at < samples.metricNames.length; at++) {
      const value = samples.metrics[at][row];
      if (value !== null) add(plain(samples.metricNames[at]).slice(0, 80), figure(value));
    }
    if (row in samples.wires) add("Wires", plain(samples.wires[row]));
    const at = samples.textOf(row);
    if (at >= 0 && row in samples.texts.reasons) add("Reason", plain(samples.texts.reasons[row]));
    if (at >= 0 && samples.texts.model[at] >= 0) add("Model", plain(samples.texts.models[samples.texts.model[at]]));
    if (at >= 0) add("Length", many(samples.texts.length[at], "character"));
    if (at >= 0) add("Line", this.place(at));
    add("Time", `${figure(samples.ms[row])} ms`);
    return list;
  }

  // The line number, with the file if there are several.
  place(at) {
    const { line, file, files } = this.samples.texts;
    const number = line[at].toLocaleString("en-US");
    return file === null ? number : `${number} of ${plain(files[file[at]])}`;
  }

  otherReward(row) {
    const { there, reward, error } = this.samples.other;
    if (!there[row]) return "not in that run";
    return reward[row] === null ? plain(`no reward: ${error[row]}`) : figure(reward[row]);
  }

  // The two texts to compare and the kind of the first ("other" or "reference"); null if there are none.
  compared(row) {
    const { samples } = this;
    const completion = samples.completion(row);
    const theirs = samples.other?.completion?.[row] ?? null;
    if (theirs !== null && isWhole(theirs) && isWhole(completion)) return [theirs, completion, "other"];
    const reference = samples.reference(row);
    if (reference === null || completion === null || !isWhole(reference) || !isWhole(completion)) return null;
    return [reference, completion, "reference"];
  }

  panes(row, query, difference) {
    const { samples } = this;
    const completion = samples.completion(row);
    if (completion === null) {
      return element("p", { className: "empty", textContent: "The texts of this sample are not in the page." });
    }
    const found = difference ? this.compared(row) : null;
    const parts = found && differences(found[0], found[1]);
    const changed = (which, mark) => [...side(parts, which, mark)];
    const theirs = samples.other?.completion?.[row] ?? null;
    const reference = samples.reference(row);
    return element(
      "div",
      { className: "panes" },
      found && !parts ? element("p", { className: "note", textContent: "These texts are too long to compare." }) : null,
      this.prompt(row, query),
      pane("Completion", parts ? changed("only right", "ins") : [...shown(completion, query)]),
      theirs === null
        ? null
        : pane(`Completion in ${plain(samples.other.name)}`, parts && found[2] === "other" ? changed("only left", "del") : [...shown(theirs, query)]),
      reference === null
        ? pane("Reference", [element("span", { className: "empty", textContent: "none" })])
        : pane("Reference", parts && found[2] === "reference" ? changed("only left", "del") : [...shown(reference, query)]),
    );
  }

  prompt(row, query) {
    const made = element("section", { className: "pane" }, element("h4", { textContent: "Prompt" }));
    const turns = this.samples.prompt(row);
    for (const [role, text] of turns) {
      if (turns.length > 1 || role !== "user") made.append(element("h5", { textContent: plain(role) }));
      made.append(block(shown(text, query)));
    }
    if (!turns.length) made.append(element("p", { className: "empty", textContent: "none" }));
    return made;
  }

  reasoning(row, query) {
    const text = this.samples.reasoning(row);
    if (!text.length) return "";
    const characters = isWhole(text) ? text.length : text[0].length + text[1] + text[2].length;
    const folded = element(
      "details",
      { className: "pane" },
      element("summary", { textContent: `Reasoning, ${many(characters, "character")}` }),
      block(shown(text, query)),
    );
    folded.open = Boolean(query) && searchable(text).includes(query);
    return folded;
  }
}

// A text. A long one scrolls, so it must be reachable by keyboard.
function block(nodes) {
  const made = element("pre", {}, ...nodes);
  if (made.textContent.length > 1_500) made.tabIndex = 0;
  return made;
}

function pane(title, nodes) {
  const empty = nodes.every((node) => node === "" || node.textContent === "");
  const text = empty ? [element("span", { className: "empty", textContent: "empty" })] : nodes;
  return element("section", { className: "pane" }, element("h4", { textContent: title }), block(text));
}
