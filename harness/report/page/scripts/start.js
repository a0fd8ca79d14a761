// Connects the parts: filters, list, detail, keys, theme, and the address with the current state.

const byId = (id) => document.getElementById(id);
const FIELDS = ["q", "show", "min", "max", "metric", "op", "value", "sort"];

class Browser {
  constructor(samples) {
    this.samples = samples;
    this.search = new Search(samples);
    this.rows = [];
    this.place = -1;
    this.list = new SampleList(byId("list"), (row) => rowParts(samples, row), (place) => this.choose(place));
    this.detail = new SampleDetail(byId("detail"), samples, {
      move: (by) => this.move(by),
      toggle: () => this.change({ difference: this.state.difference ? "" : "1" }),
      record: (record) => this.change({ ...EMPTY, record, sample: this.state.sample }),
    });
    this.offer();
    this.listen();
    this.read();
  }

  // Fills in the options that apply to this run.
  offer() {
    const { samples } = this;
    const options = (id, entries) => byId(id).replaceChildren(...entries.map(([value, text]) => element("option", { value, textContent: text })));
    options("show", Object.entries(SHOWS).filter(([, show]) => show.there(samples)).map(([value, { name }]) => [value, name]));
    options("sort", Object.entries(SORTS).filter(([, sort]) => !sort.other || samples.other !== null).map(([value, { name }]) => [value, name]));
    options("metric", [["", "any"], ...samples.metricNames.map((name) => [name, plain(name).slice(0, 60)])]);
    for (const label of document.querySelectorAll("label.metric")) label.hidden = !samples.metricNames.length;
  }

  listen() {
    const form = byId("filters");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => this.change(Object.fromEntries(FIELDS.map((id) => [id, byId(id).value]))));
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      this.change({ ...EMPTY, sample: this.state.sample });
    });
    addEventListener("hashchange", () => this.read());
    document.addEventListener("click", (event) => {
      const link = event.target.closest('a[href*="="]');
      if (link?.getAttribute("href").startsWith("#")) byId("samples").scrollIntoView();
    });
  }

  read() {
    this.state = stateFromAddress(location.hash);
    this.refresh();
  }

  // Applies a change of the state, and writes it into the address.
  change(changed) {
    this.state = { ...this.state, ...changed };
    this.refresh();
  }

  refresh() {
    const { samples, state } = this;
    for (const id of FIELDS) if (byId(id).value !== state[id]) byId(id).value = state[id];
    for (const id of ["op", "value"]) byId(id).closest("label").hidden = !state.metric;
    this.rows = rowsOf(state, samples, this.search);
    const wanted = state.sample === "" ? -1 : this.rows.indexOf(Number(state.sample));
    this.place = this.rows.length ? Math.max(0, wanted) : -1;
    this.list.show(this.rows, this.place);
    this.count();
    this.showDetail();
  }

  count() {
    const { state, samples } = this;
    const asked = [];
    if (state.record) asked.push(`record ${plain(state.record).slice(0, 60)}`);
    if (state.error !== "" && samples.errors[state.error]) asked.push(`failure “${plain(samples.errors[state.error].join(": ")).slice(0, 80)}”`);
    const of = this.rows.length === samples.count ? "" : ` of ${samples.count.toLocaleString("en-US")}`;
    byId("count").textContent = `${this.rows.length.toLocaleString("en-US")}${of} sample${samples.count === 1 ? "" : "s"}${asked.length ? ` · ${asked.join(" · ")}` : ""}`;
  }

  showDetail() {
    const { state } = this;
    const options = { query: state.q.trim().toLowerCase(), difference: state.difference !== "" };
    this.detail.show(this.rows[this.place], this.place, this.rows.length, options);
    const address = addressOf({ ...state, sample: this.place > 0 || state.sample ? String(this.rows[this.place] ?? "") : "" });
    if (address !== (location.hash || "#")) history.replaceState(null, "", address);
  }

  choose(place) {
    this.place = place;
    this.state.sample = String(this.rows[place]);
    this.list.mark(place);
    this.showDetail();
  }

  move(by) {
    const place = Math.min(this.rows.length - 1, Math.max(0, this.place + by));
    if (place >= 0 && place !== this.place) this.choose(place);
  }
}

const TYPING = "input, select, textarea, [contenteditable]";

function listenToKeys(browser) {
  const keys = {
    j: () => browser.move(1),
    k: () => browser.move(-1),
    "/": () => byId("q").focus(),
    "?": () => byId("keys").showModal(),
    d: () => browser.change({ difference: browser.state.difference ? "" : "1" }),
    r: () => {
      const group = browser.samples.group[browser.rows[browser.place]];
      if (group >= 0) browser.change({ ...EMPTY, record: browser.samples.groups[group], sample: browser.state.sample });
    },
    Escape: () => browser.change({ ...EMPTY, sample: browser.state.sample }),
  };
  const inList = {
    ArrowDown: () => browser.move(1),
    ArrowUp: () => browser.move(-1),
    PageDown: () => browser.move(10),
    PageUp: () => browser.move(-10),
    Home: () => browser.move(-Infinity),
    End: () => browser.move(Infinity),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
    if (event.target.matches(TYPING)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = keys[event.key] ?? (event.target.id === "list" ? inList[event.key] : undefined);
    if (!action) return;
    event.preventDefault();
    action();
  });
  byId("help").addEventListener("click", keys["?"]);
}

// Light, dark, or the system setting; `redraw` redraws the canvases, which do not follow the style.
function listenToTheme(redraw) {
  const button = byId("theme");
  const next = { auto: "light", light: "dark", dark: "auto" };
  button.addEventListener("click", () => {
    const theme = next[document.documentElement.dataset.theme ?? "auto"];
    document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    redraw();
  });
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
}

async function start() {
  document.documentElement.dataset.scripted = "";
  const { samples: columns, curves } = await decoded("data");
  const samples = new Samples(columns);
  const browser = new Browser(samples);
  const heat = byId("heat");
  const map = heat && new HeatMap(heat, byId("heat-said"), samples, (record) => {
    browser.change({ ...EMPTY, record });
    byId("samples").scrollIntoView();
  });
  byId("heat-table")?.addEventListener("toggle", (event) => map.table(event.target), { once: true });
  const draw = curvesOf(curves);
  draw();
  listenToKeys(browser);
  listenToTheme(() => {
    map?.redraw();
    draw();
  });
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

start().catch((error) => {
  byId("count").textContent = `The samples cannot be read: ${error.message}. This page needs a browser from 2024 or later.`;
});
