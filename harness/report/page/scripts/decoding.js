// Reads the page's data: columns of JSON, compressed, as base64.

async function decoded(id) {
  const letters = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// A text is a string, or [start, characters left out, end].
const isWhole = (text) => typeof text === "string";
const startOf = (text) => (isWhole(text) ? text : text[0]);
const searchable = (text) => (isWhole(text) ? text : `${text[0]}\n${text[2]}`).toLowerCase();

// The samples as rows, with all queries about a sample.
class Samples {
  constructor(columns) {
    Object.assign(this, columns);
    this.count = this.id.length;
  }

  textOf(row) {
    return this.texts === null ? -1 : this.text[row];
  }

  completion(row) {
    const at = this.textOf(row);
    return at < 0 ? null : this.texts.completion[at];
  }

  reasoning(row) {
    const at = this.textOf(row);
    return at < 0 || this.texts.reasoning === null ? "" : this.texts.reasoning[at];
  }

  prompt(row) {
    const at = this.textOf(row);
    return at < 0 ? null : this.texts.prompts[this.texts.prompt[at]];
  }

  reference(row) {
    const at = this.textOf(row);
    const reference = at < 0 ? -1 : this.texts.reference[at];
    return reference < 0 ? null : this.texts.references[reference];
  }

  length(row) {
    const at = this.textOf(row);
    return at < 0 ? -1 : this.texts.length[at];
  }

  failure(row) {
    return this.error[row] < 0 ? null : this.errors[this.error[row]];
  }

  disagrees(row) {
    return (this.agree !== null && this.agree[row] === 0) || row in this.wires;
  }

  differs(row) {
    const other = this.other;
    return other !== null && other.there[row] === 1 && other.reward[row] !== this.reward[row];
  }

  change(row) {
    if (!this.differs(row)) return 0;
    const [was, now] = [this.other.reward[row], this.reward[row]];
    return was === null || now === null ? Infinity : Math.abs(now - was);
  }

  share(reward) {
    const [low, high] = this.bounds ?? this.observed();
    return high > low ? Math.min(1, Math.max(0, (reward - low) / (high - low))) : 0.5;
  }

  observed() {
    if (this.span === undefined) {
      let [low, high] = [Infinity, -Infinity];
      for (const reward of this.reward) {
        if (reward !== null && reward < low) low = reward;
        if (reward !== null && reward > high) high = reward;
      }
      this.span = [low, high];
    }
    return this.span;
  }
}
