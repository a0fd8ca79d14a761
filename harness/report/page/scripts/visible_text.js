// Shows text from the data: never as HTML, and with control and invisible characters made visible.

const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

const named = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
const plain = (text) => String(text).replace(HIDDEN, (character) => `‹${named(character)}›`);

function element(name, properties = {}, ...children) {
  const { data, role, ...plainProperties } = properties;
  const made = Object.assign(document.createElement(name), plainProperties);
  if (role) made.setAttribute("role", role);
  for (const [key, value] of Object.entries(data ?? {})) made.dataset[key] = value;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function* marked(text, query) {
  const found = query ? text.toLowerCase() : "";
  // Lowercase is longer for a few letters. Then positions do not correspond, and nothing is marked.
  if (!query || found.length !== text.length) {
    yield text;
    return;
  }
  let from = 0;
  for (let at = found.indexOf(query); at >= 0; at = found.indexOf(query, from)) {
    yield text.slice(from, at);
    yield element("mark", { textContent: text.slice(at, at + query.length) });
    from = at + query.length;
  }
  yield text.slice(from);
}

// The text as nodes, with hidden characters framed and search hits marked.
function* shownText(text, query) {
  let from = 0;
  for (const found of text.matchAll(HIDDEN)) {
    yield* marked(text.slice(from, found.index), query);
    yield element("span", { className: "hidden-character", textContent: named(found[0]) });
    from = found.index + found[0].length;
  }
  yield* marked(text.slice(from), query);
}

function* shown(text, query) {
  if (isWhole(text)) {
    yield* shownText(text, query);
    return;
  }
  yield* shownText(text[0], query);
  const words = `${text[1].toLocaleString("en-US")} characters are not in this page`;
  yield element("span", { className: "left-out", textContent: words });
  yield* shownText(text[2], query);
}

function figure(value) {
  if (value === null || value === undefined) return "none";
  const size = Math.abs(value);
  return size >= 1e9 || (size > 0 && size < 1e-6) ? value.toExponential(3) : Number(value.toPrecision(6)).toString();
}

const many = (count, what) => `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
