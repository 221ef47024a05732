// Tables that can be sorted, filtered and turned over, of which only the page in hand is in the document.

const PAGE_ROWS = 25;

/**
 * A table of rows. A column has a title, and a function `value` to sort by; `show` makes the cell, by default of the value;
 * `text` is what the filter looks at. Numbers stand to the right.
 */
class DataTable {
  constructor({ caption, columns, rows, sort = null, note = "" }) {
    this.columns = columns;
    this.rows = rows;
    this.sort = sort || { column: -1, falling: true };
    this.first = 0;
    this.wanted = { all: "", own: "" };
    this.body = make("tbody");
    this.heads = columns.map((column, at) => this.head(column, at));
    this.status = make("p", { class: "pager-status", role: "status" });
    this.back = make("button", { type: "button", class: "quiet", on: { click: () => this.turn(-1) } }, "Previous");
    this.next = make("button", { type: "button", class: "quiet", on: { click: () => this.turn(1) } }, "Next");
    this.pager = make("div", { class: "pager" }, this.status, this.back, this.next);
    this.input = make("input", {
      type: "search", placeholder: "Filter", "aria-label": `Filter: ${caption}`, autocomplete: "off", spellcheck: "false",
      on: { input: () => this.filter("own", this.input.value) },
    });
    this.element = make("div", { class: "table" },
      make("div", { class: "table-top" }, make("h3", {}, caption), rows.length > 12 ? this.input : null),
      note ? make("p", { class: "note" }, note) : null,
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
        make("table", {},
          make("caption", { class: "hidden" }, caption),
          make("thead", {}, make("tr", {}, this.heads)), this.body)),
      this.pager);
    filtered.push((wanted) => this.filter("all", wanted));
    this.show();
  }

  head(column, at) {
    const button = make("button", { type: "button", on: { click: () => this.by(at) } }, column.title);
    return make("th", { scope: "col", class: column.number ? "number" : null }, column.value ? button : column.title);
  }

  /** Sorts by a column; by the same one again, the other way round. */
  by(column) {
    const falling = this.sort.column === column ? !this.sort.falling : Boolean(this.columns[column].number);
    this.sort = { column, falling };
    this.first = 0;
    this.show();
  }

  filter(which, wanted) {
    this.wanted[which] = wanted.trim().toLowerCase();
    this.first = 0;
    this.show();
  }

  turn(by) {
    this.first += by * PAGE_ROWS;
    this.show();
  }

  /** The rows that fit the filters, in order. */
  chosen() {
    const text = (row) => this.columns.map((column) => (column.text ? column.text(row) : "")).join("\n");
    const { all, own } = this.wanted;
    const rows = this.rows.filter((row) => (all + own === "") || (matches(all, text(row)) && matches(own, text(row))));
    const { column, falling } = this.sort;
    if (column < 0) return rows;
    const value = this.columns[column].value;
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    return rows.sort((a, b) => (falling ? order(value(b), value(a)) : order(value(a), value(b))));
  }

  show() {
    const rows = this.chosen();
    const shown = rows.slice(this.first, this.first + PAGE_ROWS);
    this.body.replaceChildren(...shown.map((row) => this.row(row)));
    this.heads.forEach((head, at) => {
      const isIt = at === this.sort.column;
      if (isIt) head.setAttribute("aria-sort", this.sort.falling ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const last = this.first + shown.length;
    const of = rows.length === this.rows.length ? count(rows.length) : `${count(rows.length)} found`;
    this.status.textContent = rows.length === 0 ? "Nothing fits the filter" : `${this.first + 1}–${last} of ${of}`;
    this.back.disabled = this.first === 0;
    this.next.disabled = last >= rows.length;
    this.pager.classList.toggle("single", rows.length <= PAGE_ROWS && rows.length === this.rows.length);
  }

  row(row) {
    return make("tr", {}, this.columns.map((column, at) => {
      const shown = column.show ? column.show(row) : column.value(row);
      const kind = column.number ? "number" : column.kind || null;
      return at === 0 ? make("th", { scope: "row", class: kind }, shown) : make("td", { class: kind }, shown);
    }));
  }
}

/** The element of a table. */
const table = (options) => new DataTable(options).element;
