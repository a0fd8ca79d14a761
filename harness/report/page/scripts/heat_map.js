// Draws one cell per record, sorted by mean reward. A dot marks equal rewards, a stroke marks no reward.

const GAP = 2;
const TABLE_ROWS = 500;

// Resolves a CSS color for the canvas, in the current light or dark theme.
function colorOf(name) {
  const probe = document.body.appendChild(element("span"));
  probe.style.color = `var(${name})`;
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

const mixed = (one, other, part) => `color-mix(in srgb, ${one}, ${other} ${Math.round(part * 100)}%)`;

class HeatMap {
  constructor(canvas, said, samples, choose) {
    Object.assign(this, { canvas, said, samples, choose });
    this.cells = samples.cells;
    this.introduction = said.textContent;
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    canvas.addEventListener("mousemove", (event) => this.point(this.at(event)));
    canvas.addEventListener("mouseleave", () => (said.textContent = this.introduction));
    canvas.addEventListener("click", (event) => {
      const at = this.at(event);
      if (at !== null) choose(samples.groups[this.cells.group[at]]);
    });
  }

  size(width) {
    const count = this.cells.group.length;
    const fits = (side) => Math.ceil(count / Math.max(1, Math.floor(width / side))) * side <= 260;
    return [26, 22, 18, 15, 13, 11, 9, 8].find(fits) ?? 7;
  }

  draw() {
    const width = this.canvas.parentElement.clientWidth;
    if (!width || width === this.width) return;
    this.redraw(width);
  }

  redraw(width = this.width) {
    if (!width) return;
    this.width = width;
    this.side = this.size(width);
    this.columns = Math.max(1, Math.floor(width / this.side));
    const height = Math.ceil(this.cells.group.length / this.columns) * this.side;
    const scale = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: width * scale, height: height * scale });
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d");
    context.scale(scale, scale);
    const colors = Object.fromEntries(["low", "middle", "high", "ink", "track"].map((name) => [name, colorOf(`--${name}`)]));
    for (let at = 0; at < this.cells.group.length; at++) this.cell(context, at, colors);
  }

  cell(context, at, colors) {
    const [x, y] = [(at % this.columns) * this.side, Math.floor(at / this.columns) * this.side];
    const side = this.side - GAP;
    const mean = this.cells.mean[at];
    const share = mean === null ? 0 : this.samples.share(mean);
    context.fillStyle =
      mean === null
        ? colors.track
        : share < 0.5
          ? mixed(colors.low, colors.middle, share * 2)
          : mixed(colors.middle, colors.high, share * 2 - 1);
    context.fillRect(x, y, side, side);
    context.fillStyle = context.strokeStyle = colors.ink;
    if (mean === null) {
      context.beginPath();
      context.moveTo(x, y + side);
      context.lineTo(x + side, y);
      context.stroke();
    } else if (this.cells.zeroStd[at]) {
      context.beginPath();
      context.arc(x + side / 2, y + side / 2, Math.max(1, side / 8), 0, 2 * Math.PI);
      context.fill();
    }
  }

  at(event) {
    const column = Math.floor(event.offsetX / this.side);
    const at = Math.floor(event.offsetY / this.side) * this.columns + column;
    return column < this.columns && at >= 0 && at < this.cells.group.length ? at : null;
  }

  point(at) {
    this.said.textContent = at === null ? this.introduction : this.words(at);
  }

  words(at) {
    const { mean, count, missing, zeroStd, group } = this.cells;
    const name = plain(this.samples.groups[group[at]]).slice(0, 80);
    const failed = missing[at] ? `, ${many(missing[at], "grading")} without reward` : "";
    if (mean[at] === null) return `${name}: no reward${failed}`;
    return `${name}: mean ${figure(mean[at])} of ${many(count[at], "reward")}${failed}${zeroStd[at] ? ", zero-std" : ""}`;
  }

  // The same data as a table, built when it is opened.
  table(details) {
    const made = element("table", { className: "plain-table" });
    const heads = ["record", "mean", "rewards", "no reward", "spread"];
    made.append(element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col", textContent: head })))));
    const body = made.appendChild(element("tbody"));
    const { mean, count, missing, zeroStd, group } = this.cells;
    for (let at = 0; at < Math.min(group.length, TABLE_ROWS); at++) {
      const record = this.samples.groups[group[at]];
      const link = element("a", { href: addressOf({ ...EMPTY, record }), textContent: plain(record).slice(0, 80) });
      const cells = [figure(mean[at]), count[at], missing[at], mean[at] === null ? "none" : zeroStd[at] ? "zero-std" : "differs"];
      body.append(element("tr", {}, element("td", {}, link), ...cells.map((cell) => element("td", { textContent: String(cell) }))));
    }
    details.append(made);
    if (group.length > TABLE_ROWS) {
      details.append(element("p", { className: "note", textContent: `The first ${TABLE_ROWS} of ${many(group.length, "record")}.` }));
    }
  }
}
