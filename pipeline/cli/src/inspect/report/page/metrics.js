// Every number that a rule judges: its distribution, the limit, and a slider that tries another one.

/** Numbers by step; a card is drawn when it is about to be seen. */
function metricsSection() {
  if (!report.metrics.length) return null;
  const cards = report.metrics.map((metric) => {
    const card = make("article", { class: "metric" });
    soon(card, () => new MetricCard(metric, card));
    filtered.push((wanted) => {
      const texts = [metric.metric, ...metric.reasons];
      card.hidden = !matches(wanted, metric.step, ...texts, ...texts.map(words));
    });
    return card;
  });
  return section("numbers", "Numbers and limits",
    make("p", {}, "The distribution of every number that a rule judges, among the documents that reached the step. The line is ",
      "the limit of the run. Move the slider to see what another limit would keep of them: of the documents that reached the ",
      "step, not of all. ", make("code", {}, "tokenmill retune"), " tells what becomes of the whole run. Heights are square roots."),
    make("div", { class: "cards" }, cards));
}

class MetricCard {
  constructor(metric, card) {
    this.metric = metric;
    this.places = {};
    this.drawing = make("div", { class: "drawing" });
    this.axis = make("p", { class: "axis", "aria-hidden": "true" });
    this.said = make("p", { class: "said", role: "status" });
    this.sliders = make("div", { class: "sliders" });
    const isEmpty = metric.curves.length === 0;
    card.append(
      make("h3", {}, make("span", { class: "muted" }, `${metric.step} `), words(metric.metric)),
      make("p", { class: "about" }, prose(metric.about), ". Removed because ", make("em", {}, metric.reasons.map(words).join(", ")), "."));
    if (isEmpty) card.append(make("p", { class: "note" }, "No document was measured."));
    else card.append(this.languages() || "", this.drawing, this.axis, this.sliders, this.said);
    if (!isEmpty) this.take(0);
  }

  /** A choice of languages, where they have limits of their own. */
  languages() {
    if (this.metric.curves.length < 2) return null;
    const name = (curve) => curve.lang === null ? "all without limits of their own" : curve.lang;
    const choice = make("select", { on: { change: () => this.take(Number(choice.value)) } },
      this.metric.curves.map((curve, at) => make("option", { value: at }, name(curve))));
    return make("label", { class: "language" }, "Language ", choice);
  }

  take(at) {
    this.curve = this.metric.curves[at];
    this.below = belowEdges(this.curve);
    this.places = {};
    this.sliders.replaceChildren(...endsOf(this.curve).map((end) => this.slider(end)));
    const { from, to, scale, min, max } = this.curve;
    this.axis.hidden = this.curve.keep === "is_false";
    const [first, last] = scale === "integer" ? [from + 0.5, to - 0.5] : [from, to];
    this.axis.replaceChildren(
      make("span", {}, min < first ? `≤ ${number(first)}` : number(first)),
      make("span", {}, scale === "log" ? "orders of magnitude" : ""),
      make("span", {}, max > last * 1.001 ? `≥ ${number(last)}` : number(last)));
    this.show();
  }

  slider(end) {
    const label = end === "low" ? "at least" : "at most";
    const start = nearest(this.curve, this.curve[end]);
    const value = make("output", { class: "limit-value" });
    const input = make("input", {
      type: "range", min: 0, max: this.curve.bins.length, step: 1, value: start,
      "aria-label": `${this.metric.step} ${words(this.metric.metric)}, ${label}`,
    });
    const reset = make("button", { type: "button", class: "quiet reset", disabled: true }, "Reset");
    const moved = () => {
      this.places[end] = Number(input.value);
      const limit = number(limitAt(this.curve, end, this.places[end]));
      value.textContent = limit;
      input.setAttribute("aria-valuetext", `${label} ${limit}`);
      reset.disabled = this.places[end] === start;
      this.show();
    };
    input.addEventListener("input", moved);
    reset.addEventListener("click", () => { input.value = start; moved(); input.focus(); });
    value.textContent = number(this.curve[end]);
    input.setAttribute("aria-valuetext", `${label} ${number(this.curve[end])}`);
    return make("div", { class: "slider" }, input, make("span", { class: "end" }, `${label} `, value), reset);
  }

  show() {
    const { curve, places } = this;
    const now = keptBy(curve, this.below, {});
    this.drawing.replaceChildren(curve.keep === "is_false" ? bar(1, now.n / Math.max(1, curve.n)) : histogram(curve, places));
    const then = keptBy(curve, this.below, places);
    const of = ` of the ${count(curve.n)} documents that reached the step`;
    const share = make("strong", {}, `${then.isExact ? "" : "≈ "}${percent(then.n, curve.n)}`);
    const rest = then.isExact ? ` kept${of}.` : ` would be kept${of}; the run kept ${percent(now.n, curve.n)}.`;
    this.said.replaceChildren(share, rest);
  }
}
