// The funnel: a waterfall of all steps, each as wide as what came in, and what it took away to the right.

const ROW_HEIGHT = 44;

/** The funnel of all phases, by documents or by bytes. */
function funnelSection() {
  const rows = make("tbody");
  const all = report.phases.flatMap((phase) => phase.steps.map((step, at) => ({ phase, step, isFirst: at === 0 })));
  let unit = "documents";
  const show = () => rows.replaceChildren(...all.flatMap((one, at) => funnelRows(one, at, all, unit)));
  const choice = make("fieldset", { class: "choice" }, make("legend", { class: "hidden" }, "Measured in"),
    ["documents", "bytes"].map((name) => make("label", {},
      make("input", {
        type: "radio", name: "unit", value: name, checked: name === unit,
        on: { change: () => { unit = name; show(); } },
      }), make("span", {}, name))));
  show();
  filtered.push((wanted) => {
    for (const row of rows.querySelectorAll("tr[data-step]")) row.hidden = !matches(wanted, row.dataset.step);
  });
  return section("funnel", "Funnel",
    make("div", { class: "lead" },
      make("p", {}, "What went into each step, and what it removed. A step’s name leads to its reasons and samples."), choice),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Funnel" },
      make("table", { class: "funnel" },
        make("caption", { class: "hidden" }, "What went into each step and what it removed"),
        make("thead", {}, make("tr", {},
          make("th", { scope: "col" }, "Step"),
          make("th", { scope: "col", class: "shape" }, make("span", { class: "hidden" }, "Share of what came in")),
          make("th", { scope: "col", class: "number" }, "In"),
          make("th", { scope: "col", class: "number" }, "Removed"),
          make("th", { scope: "col", class: "number" }, "Of those in"))),
        rows)),
    notes());
}

function funnelRows({ phase, step, isFirst }, at, all, unit) {
  const inBytes = unit === "bytes";
  const of = (one) => (inBytes ? one.bytes_in : one.n_in);
  const widest = Math.max(1, ...all.map((one) => of(one.step)));
  const next = all[at + 1] && all[at + 1].phase === phase ? of(all[at + 1].step)
    : inBytes ? step.bytes_out : step.n_in - step.n_removed;
  const removed = inBytes ? step.bytes_removed : step.n_removed;
  const show = inBytes ? bytes : count;
  const name = step.stage ? make("a", { href: `#${stepId(phase.folder, step.name)}` }, step.name) : step.name;
  const head = isFirst && report.phases.length > 1
    ? make("tr", { class: "phase" }, make("th", { scope: "rowgroup", colspan: 5 }, `Phase ${phaseName(phase.folder)}`)) : null;
  const row = make("tr", { "data-step": `${step.name} ${step.stage} ${step.reasons.map(([reason]) => reason).join(" ")}` },
    make("th", { scope: "row" }, name, step.stage && step.stage !== step.name ? make("small", {}, step.stage) : null),
    make("td", { class: "shape" }, funnelShape(of(step) / widest, next / widest, removed / widest)),
    make("td", { class: "number" }, show(of(step))),
    make("td", { class: "number" }, removed ? `−${show(removed)}` : "–"),
    make("td", { class: "number" }, removed ? percent(removed, of(step)) : "–"));
  return [head, row].filter(Boolean);
}

/** One row of the funnel: what goes on narrows from the width above to the width below; what is removed turns away. */
function funnelShape(above, below, removed) {
  const [a, b, h] = [above * 1000, Math.min(below, above) * 1000, ROW_HEIGHT];
  const r = Math.max(b, a - removed * 1000);
  const bend = (from, to) => `C ${from} ${h * 0.55}, ${to} ${h * 0.45}, ${to} ${h}`;
  return draw("svg", { viewBox: `0 0 1000 ${h}`, preserveAspectRatio: "none", "aria-hidden": "true", height: h },
    r < a ? draw("path", { class: "lost", d: `M ${r} 0 L ${a} 0 C ${a} ${h * 0.4}, ${a} ${h * 0.6}, ${a} ${h * 0.78} L ${Math.max(b, r)} ${h * 0.78} C ${r} ${h * 0.6}, ${r} ${h * 0.4}, ${r} 0 Z` }) : null,
    b < r ? draw("path", { class: "cut", d: `M ${b} 0 L ${r} 0 ${bend(r, b)} Z` }) : null,
    draw("path", { class: "kept", d: `M 0 0 L ${r} 0 ${bend(r, b)} L 0 ${h} Z` }));
}

/** What is no document, and what was odd. */
function notes() {
  const items = [];
  const list = (counts) => Object.entries(counts).map(([name, n]) => `${count(n)} ${words(name)}`).join(", ");
  for (const phase of report.phases) {
    for (const [title, counts] of [
      ["Records that are no documents", phase.records],
      ["Oddities that did no harm", phase.notes],
      ["Nothing to compare, so they stay", phase.not_compared],
    ]) {
      if (Object.keys(counts).length) items.push(make("li", {}, make("b", {}, `${title}: `), list(counts)));
    }
  }
  return items.length ? make("ul", { class: "facts" }, items) : null;
}
