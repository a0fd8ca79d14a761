// Compares two texts word by word.

const WORDS = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
const MOST_PAIRS = 4_000_000;

// Returns [kind, text] in order, with kind "same", "only left" or "only right"; null if the texts are too long.
function differences(left, right) {
  const [a, b] = [left.match(WORDS) ?? [], right.match(WORDS) ?? []];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [one, two] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (one.length * two.length > MOST_PAIRS) return null;
  const same = (words) => (words.length ? [["same", words.join("")]] : []);
  return [...same(a.slice(0, start)), ...aligned(one, two), ...same(a.slice(a.length - end))];
}

// Longest common subsequence: `longest` has its length for every pair of remainders.
function aligned(a, b) {
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j;
      longest[at] =
        a[i] === b[j] ? longest[at + width + 1] + 1 : Math.max(longest[at + width], longest[at + 1]);
    }
  }
  return steps(a, b, longest, width);
}

function steps(a, b, longest, width) {
  const found = [];
  const add = (kind, word) => {
    if (found.at(-1)?.[0] === kind) found.at(-1)[1] += word;
    else found.push([kind, word]);
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add("same", a[i++]);
      j++;
    } else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      add("only left", a[i++]);
    } else {
      add("only right", b[j++]);
    }
  }
  return found;
}

// One side of a difference as nodes, with the words that the other side lacks marked.
function* side(parts, which, mark) {
  for (const [kind, text] of parts) {
    if (kind === "same") yield* shownText(text, "");
    else if (kind === which) yield element(mark, {}, ...shownText(text, ""));
  }
}
