// A list of any length that draws only the visible rows.

const ROW = 56;
const BEYOND = 6;

class SampleList {
  constructor(box, draw, choose) {
    this.box = box;
    this.draw = draw;
    this.choose = choose;
    this.rows = [];
    this.chosen = -1;
    this.drawn = new Map();
    this.inner = element("div", { role: "presentation" });
    box.append(this.inner);
    box.addEventListener("scroll", () => this.refresh(), { passive: true });
    box.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.choose(Number(row.dataset.place));
    });
    new ResizeObserver(() => this.refresh()).observe(box);
  }

  show(rows, place) {
    this.rows = rows;
    this.inner.style.height = `${rows.length * ROW}px`;
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.mark(place);
  }

  // Marks the selected row and scrolls it into view.
  mark(place) {
    this.drawn.get(this.chosen)?.setAttribute("aria-selected", "false");
    this.chosen = place;
    if (place >= 0) {
      const [top, bottom] = [place * ROW, (place + 1) * ROW];
      if (top < this.box.scrollTop) this.box.scrollTop = top;
      else if (bottom > this.box.scrollTop + this.box.clientHeight) {
        this.box.scrollTop = bottom - this.box.clientHeight;
      }
    } else this.box.scrollTop = 0;
    this.refresh();
    const row = this.drawn.get(place);
    row?.setAttribute("aria-selected", "true");
    if (row) this.box.setAttribute("aria-activedescendant", row.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  refresh() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - BEYOND);
    const last = Math.min(
      this.rows.length,
      Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + BEYOND,
    );
    for (const [place, row] of this.drawn) {
      if (place < first || place >= last) {
        row.remove();
        this.drawn.delete(place);
      }
    }
    for (let place = first; place < last; place++) {
      if (!this.drawn.has(place)) this.drawn.set(place, this.inner.appendChild(this.made(place)));
    }
  }

  made(place) {
    const row = element("div", { className: "row", id: `row-${place}`, role: "option", data: { place } });
    row.style.top = `${place * ROW}px`;
    row.setAttribute("aria-selected", String(place === this.chosen));
    row.setAttribute("aria-setsize", String(this.rows.length));
    row.setAttribute("aria-posinset", String(place + 1));
    row.append(...this.draw(this.rows[place]));
    return row;
  }
}

// The reward, name and first words of a sample.
function rowParts(samples, row) {
  const failure = samples.failure(row);
  const completion = samples.completion(row);
  const start = completion === null ? "" : startOf(completion).slice(0, 200).replace(/\s+/g, " ").trim();
  const repeat = samples.repeat?.[row] ? ` (repeat ${samples.repeat[row] + 1})` : "";
  const empty = completion === null ? "(no text)" : "(empty)";
  return [
    element(
      "div",
      { className: "head" },
      element("span", { className: "name", textContent: plain(samples.id[row]) + repeat }),
      rewardOf(samples, row),
    ),
    element("div", {
      className: "start",
      textContent: failure ? plain(`${failure[0]}: ${failure[1]}`).slice(0, 200) : plain(start) || empty,
    }),
  ];
}

function rewardOf(samples, row) {
  const reward = samples.reward[row];
  const signs = (samples.disagrees(row) ? " ≠" : "") + (samples.differs(row) ? " Δ" : "");
  if (reward === null) {
    return element("span", { className: "reward", textContent: `no reward${signs}`, data: { tone: "bad" } });
  }
  const tone = samples.disagrees(row) || samples.differs(row) ? "caution" : toneOf(samples.share(reward));
  const mark = element("span", { className: "reward", textContent: figure(reward) + signs, data: { tone } });
  if (signs) mark.title = samples.disagrees(row) ? "label or wires disagree" : "the other run differs";
  return mark;
}

const toneOf = (share) => (share > 0.5 ? "good" : share < 0.5 ? "bad" : "plain");
