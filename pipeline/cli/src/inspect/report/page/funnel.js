// The funnel: a waterfall of all steps, each as wide as what came in, and what it took away to the right.

const ROW_HEIGHT = 38;

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
    notes(), fallShade());
}

/** The row of a step; in front of a phase its name, and behind the last step what was kept. */
function funnelRows({ phase, step, isFirst }, at, all, unit) {
  const inBytes = unit === "bytes";
  const [show, of] = inBytes ? [bytes, (one) => one.bytes_in] : [count, (one) => one.n_in];
  const widest = Math.max(1, ...all.map((one) => of(one.step)));
  const out = inBytes ? step.bytes_out : step.n_in - step.n_removed;
  const removed = inBytes ? step.bytes_removed : step.n_removed;
  const rows = [];
  if (isFirst && report.phases.length > 1) {
    rows.push(make("tr", { class: "phase" }, make("th", { scope: "rowgroup" }, phaseName(phase.folder)),
      make("td", { class: "shape" }, at > 0 ? funnelShape(of(step) / widest, of(step) / widest, 0) : null),
      make("td", { colspan: 3 })));
  }
  // Only the first phase reads what may be refused.
  if (step.stage || removed || at === 0) {
    const name = step.stage || removed ? make("a", { href: `#${stepId(phase.folder, step.name)}` }, breakable(step.name)) : step.name;
    const texts = [step.name, step.stage, ...step.reasons.map(([reason]) => reason)];
    rows.push(make("tr", { "data-step": texts.join(" ") },
      make("th", { scope: "row" }, name, step.stage && step.stage !== step.name ? make("small", {}, step.stage) : null),
      make("td", { class: "shape" }, funnelShape(of(step) / widest, out / widest, removed / widest)),
      make("td", { class: "number" }, show(of(step))),
      make("td", { class: "number" }, removed ? `−${show(removed)}` : "–"),
      make("td", { class: "number" }, removed ? percent(removed, of(step)) : "–")));
  }
  if (at + 1 === all.length) {
    rows.push(make("tr", { class: "end" }, make("th", { scope: "row" }, "kept"), make("td", { class: "shape" }, funnelShape(out / widest, out / widest, 0)),
      make("td", { class: "number" }, show(out)), make("td", { colspan: 2 })));
  }
  return rows;
}

/** One row of the funnel: what goes on, what is cut from texts, and what is removed, which fades away. */
function funnelShape(above, below, removed) {
  const [a, b, h] = [above * 1000, Math.min(below, above) * 1000, ROW_HEIGHT];
  const r = Math.max(b, a - removed * 1000);
  return draw("svg", { viewBox: `0 0 1000 ${h}`, preserveAspectRatio: "none", "aria-hidden": "true", height: h },
    r < a ? draw("rect", { x: r, y: 0, width: a - r, height: h, fill: "url(#fall)" }) : null,
    b < r ? draw("path", { class: "cut", d: `M ${b} 0 L ${r} 0 C ${r} ${h * 0.6}, ${b} ${h * 0.4}, ${b} ${h} Z` }) : null,
    draw("path", { class: "flow", d: `M 0 0 L ${b} 0 L ${b} ${h + 1} L 0 ${h + 1} Z` }));
}

/** The shade in which removed documents fade away; all rows use it. */
const fallShade = () => draw("svg", { class: "hidden", "aria-hidden": "true" }, draw("defs", {},
  draw("linearGradient", { id: "fall", x1: 0, y1: 0, x2: 0, y2: 1 },
    draw("stop", { class: "fall-top", offset: 0 }), draw("stop", { class: "fall-middle", offset: 0.55 }), draw("stop", { class: "fall-end", offset: 1 }))));

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
