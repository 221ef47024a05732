// Tables of the study: what is missing stands last whichever way they are sorted, and rows and columns can be chosen.

class StudyTable extends DataTable {
  /** Puts controls beside the title. */
  control(...controls) {
    this.element.querySelector(".table-top").append(make("div", { class: "controls" }, ...controls, this.input));
    return this;
  }

  chosen() {
    const picks = Object.values(this.picks || {}).filter(Boolean);
    const rows = super.chosen().filter((row) => picks.every((pick) => pick(row)));
    const column = this.columns[this.sort.column];
    if (!column || !column.value) return rows;
    const isThere = (row) => ![null, undefined].includes(column.value(row));
    return [...rows.filter(isThere), ...rows.filter((row) => !isThere(row))];
  }

  /** Shows rows of which a function is true, under a name of this choice. */
  pick(name, test) {
    this.picks = { ...this.picks, [name]: test };
    this.first = 0;
    this.show();
  }

  /** Shows other columns. */
  take(columns) {
    this.columns = columns;
    this.sort = { column: -1, falling: true };
    this.first = 0;
    this.heads = columns.map((column, at) => this.head(column, at));
    this.element.querySelector("thead tr").replaceChildren(...this.heads);
    this.show();
  }
}

/** A column of numbers. */
const numbers = (title, value, show) => ({ title, number: true, value, show: (row) => show(value(row), row) });

/** A column of names, which the filter looks at. */
const names = (title, value, show) => ({ title, value, text: (row) => String(value(row) ?? ""), show: show || ((row) => crawled(value(row) ?? "")) });

/** A column for every group. */
const byGroup = (values, show) => groups.map((name, at) => numbers(groupName(at), (row) => values(row)[at] ?? null, show));

/** The head of a column that is drawn. */
const unseen = (title) => make("span", { class: "hidden" }, title);

/** A line with a mark, on a scale that all rows share. */
function whisker(estimate, [from, to], kind = "") {
  const place = (n) => Math.max(0, Math.min(100, ((n - from) / (to - from || 1)) * 100));
  const [low, high, at] = [estimate.low, estimate.high, estimate.value].map((n) => place(n ?? from));
  return draw("svg", { class: `whisker ${kind}`, viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("line", { x1: 0, x2: 100, y1: 5, y2: 5, class: "rail" }),
    draw("rect", { x: low, width: Math.max(0.6, high - low), y: 3, height: 4, class: "span" }),
    draw("rect", { x: at - 0.7, width: 1.4, y: 0, height: 10, class: "at" }));
}
